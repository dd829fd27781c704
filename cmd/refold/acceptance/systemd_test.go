//go:build acceptance

package acceptance

import (
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// whole is what a status has when each event of the sample is in the read model.
const whole = `"state":"live"[^}]*"position":440,"head":440`

// TestUnderSystemd does what the guide says, as root on a machine that systemd has booted,
// with what a release has; then it holds the service to what the guide claims.
func TestUnderSystemd(t *testing.T) {
	needs(t, "debootstrap", "systemd-nspawn", "nsenter")
	folder := unpack(t, archives(t, release(t), "_linux_"+runtime.GOARCH)[0])
	configure(t, folder)
	m := &service{boot(t, folder)}
	m.install(lines(t, "docs/OPERATIONS.md", "Under systemd"))
	m.owned()
	m.killed()
	m.reloaded()
	m.restarted()
	m.failed()
	m.secret()
	m.ended()
}

// service is the machine that it runs on.
type service struct{ *shell }

// install runs the guide's lines. One has no end, and one is for a service that is
// stopped.
func (m *service) install(list []string) {
	m.t.Helper()
	special := map[string]func(line string){
		"systemctl enable --now refold":                             m.started,
		"journalctl -u refold -f":                                   func(line string) { m.follow(line, "the engine runs") },
		"runuser -u refold -- refold status --data /var/lib/refold": m.stopped,
	}
	for _, line := range list {
		if do := special[line]; do != nil {
			do(line)
			delete(special, line)
			continue
		}
		m.run(line)
	}
	for line := range special {
		m.t.Errorf("the guide does not say: %s", line)
	}
}

// started: a start ends when the engine serves, so that it answers at once. What it is
// asked by root leaves nothing that is root's.
func (m *service) started(line string) {
	m.t.Helper()
	m.run(line)
	m.prints("systemctl is-active refold", "^active\n$")
	m.prints("refold status --data /var/lib/refold --json", `"pipeline":"lines_by_dir"`)
	m.prints("refold event import sample.jsonl --data /var/lib/refold", "^440 events stored, 0 already there")
	m.whole()
}

// whole waits until the read model has all events.
func (m *service) whole() {
	m.t.Helper()
	m.eventually("refold status --data /var/lib/refold --json", whole)
}

var advised = regexp.MustCompile(`run it as that user: (runuser -u refold -- refold) …`)

// stopped: root is refused while the service does not run, and told the line that the
// guide shows.
func (m *service) stopped(line string) {
	m.t.Helper()
	m.run("systemctl stop refold")
	m.prints("systemctl show refold -p Result -p ExecMainStatus", `(?m)^Result=success$(?s:.*)^ExecMainStatus=0$`)
	said := m.refused("refold status --data /var/lib/refold", "belongs to user")
	advice := advised.FindStringSubmatch(said)
	if advice == nil || !strings.HasPrefix(line, advice[1]) {
		m.t.Fatalf("it says\n%swhere the guide says %s", said, line)
	}
	m.prints(line, `lines_by_dir +stopped +1 +440 +440 `)
	m.prints("runuser -u refold -- refold doctor --data /var/lib/refold", "the last one ended in order")
	m.run("systemctl start refold")
}

// owned: the data directory is the service's alone, which writes nothing else, unless the
// unit says so.
func (m *service) owned() {
	m.t.Helper()
	const touch = "nsenter --mount --target $(systemctl show -p MainPID --value refold) runuser -u refold -- touch "
	m.prints("stat -c '%U %G %a' /var/lib/refold", "^refold refold 700\n$")
	m.prints("find /var/lib/refold ! -user refold", "^$")
	m.prints("stat -c %U /proc/$(systemctl show -p MainPID --value refold)", "^refold\n$")
	m.run(touch + "/var/lib/refold/new && rm /var/lib/refold/new")
	m.refused(touch+"/etc/refold/new", "Permission denied")
	m.run("install -d -m 1777 /var/spool/models")
	m.refused(touch+"/var/spool/models/new", "Read-only file system")
	m.amended("ReadWritePaths=/var/spool/models")
	m.run("systemctl restart refold")
	m.run(touch + "/var/spool/models/new")
}

// amended gives the unit one line more.
func (m *service) amended(line string) {
	m.t.Helper()
	m.run("install -d /etc/systemd/system/refold.service.d && printf '[Service]\n" + line +
		"\n' >/etc/systemd/system/refold.service.d/$(echo " + line + " | cut -d = -f 1).conf && systemctl daemon-reload")
}

// killed: what was killed comes back by itself, where it was.
func (m *service) killed() {
	m.t.Helper()
	m.run("kill -9 $(systemctl show -p MainPID --value refold)")
	m.eventually("systemctl show refold -p NRestarts -p ActiveState", `(?m)^NRestarts=1$(?s:.*)^ActiveState=active$`)
	m.whole()
}

const mistake = "echo 'piplines: 3' >>/etc/refold/pipelines.yaml"

// reloaded: a reload fails if the configuration is not sound, and changes nothing.
func (m *service) reloaded() {
	m.t.Helper()
	m.run("cp /etc/refold/pipelines.yaml /root/good.yaml && " + mistake)
	before := m.run("systemctl show refold -p MainPID")
	m.refused("systemctl reload refold", "Job for refold.service failed")
	m.told(`pipelines\.yaml:\d+:1: unknown key "piplines"`)
	m.prints("refold status --data /var/lib/refold", `(?s)lines_by_dir +live.*reload: failed at .*unknown key "piplines"`)
	if after := m.run("systemctl show refold -p MainPID"); after != before {
		m.t.Errorf("it was %s and is %s", before, after)
	}
	m.run("cp /root/good.yaml /etc/refold/pipelines.yaml")
	m.run("systemctl reload refold")
	m.whole()
}

// told waits for the journal to say something.
func (m *service) told(what string) {
	m.t.Helper()
	m.eventually("journalctl --sync && journalctl -u refold -o cat --no-pager -n 20", what)
}

// restarted: with a mistake in the configuration nothing starts.
func (m *service) restarted() {
	m.t.Helper()
	m.run("systemctl stop refold && " + mistake)
	m.refused("systemctl start refold", "Job for refold.service failed")
	m.told(`unknown key "piplines"`)
	m.run("systemctl stop refold && cp /root/good.yaml /etc/refold/pipelines.yaml")
	m.run("systemctl start refold")
	m.whole()
}

// failed: where the engine does not come to serve, systemctl says so.
func (m *service) failed() {
	m.t.Helper()
	m.run("systemctl stop refold && cp -p /var/lib/refold/format.json /root/ && sed -i s/1/2/ /var/lib/refold/format.json")
	m.refused("systemctl start refold", "Job for refold.service failed")
	m.told("has format 2; this Refold reads 1")
	m.run("systemctl stop refold && cp -p /root/format.json /var/lib/refold/")
	m.run("systemctl start refold")
	m.whole()
}

// secret: a file that only root reads is a credential of the unit.
func (m *service) secret() {
	m.t.Helper()
	m.run(`install -d -m 700 /etc/refold/secrets && umask 077 && tr -dc a-z0-9 </dev/urandom | head -c 40 >/etc/refold/secrets/ops-token`)
	m.amended("LoadCredential=ops-token:/etc/refold/secrets/ops-token")
	m.run(`echo 'control: {listen: "127.0.0.1:7461", tokens: [{name: ops, file: "${CREDENTIALS_DIRECTORY}/ops-token", may: [read]}]}' >>/etc/refold/pipelines.yaml`)
	m.run("systemctl restart refold")
	m.refused("refold status --server http://127.0.0.1:7461", "token")
	m.eventually("refold status --json --server http://127.0.0.1:7461 --token-file /etc/refold/secrets/ops-token", whole)
}

// ended: it has run all the time since it was last started, and ends in good order.
func (m *service) ended() {
	m.t.Helper()
	m.run("systemctl stop refold")
	m.prints("systemctl show refold -p Result -p ActiveState -p NRestarts", `(?m)^Result=success$(?s:.*)^NRestarts=0$(?s:.*)^ActiveState=inactive$`)
	m.prints("find /var/lib/refold ! -user refold", "^$")
}
