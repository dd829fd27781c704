package soak

import (
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
)

// disturb runs an engine that a log comes into, a part at a time, and has something
// happen at a random moment of each. What does not come through comes again.
func (d *directory) disturb(l *log, happen func(e *enginetest.Engine)) {
	d.Helper()
	e := d.Start()
	e.WaitUntilItRuns()
	for i := range *faults {
		c := d.Importing(l.text(i*len(l.lines) / *faults, (i+1)*len(l.lines) / *faults))
		if err := c.Start(); err != nil {
			d.Fatal(err)
		}
		time.Sleep(time.Duration(rand.Int64N(int64(300 * time.Millisecond))))
		happen(e)
		if err := c.Wait(); err != nil {
			d.importAgain(l.text(i*len(l.lines) / *faults, (i+1)*len(l.lines) / *faults))
		}
	}
	d.WaitFor(len(l.lines), len(d.pipelines))
	d.check(l)
	e.Terminate()
	d.check(l)
}

// importAgain imports until it succeeds: a server may be on its way back.
func (d *directory) importAgain(text []byte) {
	d.Helper()
	var err error
	for end := time.Now().Add(enginetest.Deadline); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, err = enginetest.Output(d.Importing(text)); err == nil {
			return
		}
	}
	d.Fatalf("importing: %v", err)
}

func TestPluginKilled(t *testing.T) {
	l, died := newLog(*events), 0
	d := newDirectory(t, t.TempDir(), "", processed)
	d.disturb(l, func(e *enginetest.Engine) {
		for _, pid := range plugins(t, e.PID()) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err == nil {
				died++
			}
		}
	})
	if died < *faults {
		t.Errorf("only %d plugins were there to be killed", died)
	}
	wantNoOrphans(t)
}

func TestPostgreSQLRestarted(t *testing.T) {
	server, crash := postgrestest.Own(t), false
	d := newDirectory(t, t.TempDir(), server.URL("postgres"), sandboxed)
	d.disturb(newLog(*events), func(*enginetest.Engine) {
		crash = !crash
		if err := server.Restart(t.Context(), crash); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNATSServerKilled(t *testing.T) {
	server := &nats{T: t, address: freeAddress(t), dir: t.TempDir()}
	server.start()
	d := newDirectory(t, t.TempDir(), postgrestest.Database(t), sandboxed, processed,
		"\nstore: {url: \"nats://"+server.address+"\"}\n")
	d.pipelines = d.pipelines[:2]
	d.disturb(newLog(*events), func(*enginetest.Engine) {
		server.kill()
		time.Sleep(time.Duration(rand.Int64N(int64(500 * time.Millisecond))))
		server.start()
	})
}

// nats is a server elsewhere. It flushes before it acknowledges.
type nats struct {
	*testing.T
	address, dir string
	process      *exec.Cmd
}

func (n *nats) start() {
	n.Helper()
	_, port, err := net.SplitHostPort(n.address)
	if err != nil {
		n.Fatal(err)
	}
	config := filepath.Join(n.dir, "nats.conf")
	text := "listen: 127.0.0.1:" + port + "\njetstream {store_dir: " + strconv.Quote(n.dir) + ", sync_interval: always}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		n.Fatal(err)
	}
	n.process = exec.Command(natsServer, "-c", config)
	if err := n.process.Start(); err != nil {
		n.Fatal(err)
	}
	n.Cleanup(n.kill)
	for end := time.Now().Add(enginetest.Deadline); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("tcp", n.address); err == nil {
			_ = conn.Close()
			return
		}
	}
	n.Fatalf("no server listens at %s", n.address)
}

func (n *nats) kill() {
	_ = n.process.Process.Kill()
	_ = n.process.Wait()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
