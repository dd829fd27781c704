package process_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/process"
)

// certificate stands for one in a handshake; nobody looks at it before the rest.
const certificate = "MIIBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func TestHandshakeRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	for _, tt := range []struct {
		name    string
		command process.Command
		code    runtime.Code
		says    string
	}{
		{"a program that is no plugin", process.Command{Path: "/bin/true"}, runtime.BadHandshake, "ended before it introduced itself"},
		{"one that fails", as(t, "exits"), runtime.BadHandshake, "exit status 3"},
		{"one that prints something", as(t, "babbles"), runtime.BadHandshake, `"hello there`},
		{"a newer version", as(t, "introduces", "1|2|unix|/tmp/s|grpc|"+certificate), runtime.WrongProtocol, "speaks version 2 of the protocol; this Refold speaks 1"},
		{"another core", as(t, "introduces", "2|1|unix|/tmp/s|grpc|"+certificate), runtime.BadHandshake, "in the place of its handshake"},
		{"net/rpc", as(t, "introduces", "1|1|unix|/tmp/s|netrpc|"+certificate), runtime.WrongProtocol, `speaks "netrpc"`},
		{"no certificate", as(t, "introduces", "1|1|unix|/tmp/s|grpc|"), runtime.BadHandshake, "no certificate"},
		{"an address for all", as(t, "introduces", "1|1|tcp|0.0.0.0:80|grpc|"+certificate), runtime.BadHandshake, "not on this machine alone"},
		{"a socket that is none", as(t, "introduces", "1|1|unix|/nowhere/socket|grpc|"+certificate), runtime.BadHandshake, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, _ := newHost(t)
			_, err := h.Load(t.Context(), tt.command)
			if fault := wantCode(t, err, tt.code); !strings.Contains(fault.Error(), tt.says) {
				t.Errorf("the fault is %v, want it to say %q", fault, tt.says)
			}
		})
	}
}

func TestStartTimeout(t *testing.T) {
	h := process.NewHost(process.Options{StartTimeout: 500 * time.Millisecond})
	_, err := h.Load(t.Context(), as(t, "is silent"))
	wantCode(t, err, runtime.BadHandshake)
}

func TestExecutableIsPinned(t *testing.T) {
	c := as(t, "keyed")
	digest, err := process.Digest(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	c.SHA256 = digest
	if _, log := load(t, c); strings.Contains(log.String(), "not pinned") {
		t.Error("a pinned executable is said not to be")
	}
	c.SHA256 = strings.Repeat("0", 64)
	h, _ := newHost(t)
	_, err = h.Load(t.Context(), c)
	if fault := wantCode(t, err, runtime.WrongDigest); !strings.Contains(fault.Error(), digest) {
		t.Errorf("the fault %v does not tell the digest", fault)
	}
}

// TestExecutableChanges: what is started again is what was loaded.
func TestExecutableChanges(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	c := as(t, "stateless")
	code, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	c.Path = tempFile(t, "plugin")
	if err := os.WriteFile(c.Path, code, 0o700); err != nil {
		t.Fatal(err)
	}
	i, _ := start(t, c)
	pid := messages(fold(t, i, unkeyed(t, "pid")))[0]
	if err := os.Remove(c.Path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.Path, append(code, 0), 0o700); err != nil {
		t.Fatal(err)
	}
	kill(t, pid)
	_, err = i.Fold(t.Context(), unkeyed(t, "nothing"))
	wantCode(t, err, runtime.WrongDigest)
}

func TestEnvironmentIsGranted(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	t.Setenv("REFOLD_TEST_GRANTED", "the granted value")
	t.Setenv("REFOLD_TEST_KEPT", "the kept value")
	c := as(t, "stateless")
	c.Env = []string{"REFOLD_TEST_GRANTED"}
	i, _ := start(t, c)
	var names []string
	for _, pair := range messages(fold(t, i, unkeyed(t, "environment"))) {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		known := slices.Contains([]string{"HOME", "PATH", "TMPDIR", "REFOLD_TEST_GRANTED", "REFOLD_PLUGIN"}, name) || strings.HasPrefix(name, "PLUGIN_")
		if !known {
			t.Errorf("the process has %s", name)
		}
	}
	if !slices.Contains(names, "REFOLD_TEST_GRANTED") || !slices.Contains(names, "PATH") {
		t.Errorf("the process has only %v", names)
	}
	c.Env = []string{"REFOLD_TEST_MISSING"}
	h, _ := newHost(t)
	if _, err := h.Load(t.Context(), c); err == nil || !strings.Contains(err.Error(), "REFOLD_TEST_MISSING") {
		t.Errorf("the error is %v", err)
	}
}

// TestSecretsAreNotLogged: not on either way out, and not in an error.
func TestSecretsAreNotLogged(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	t.Setenv("REFOLD_TEST_SECRET", "hunter2\nsecond line")
	c := as(t, "stateless")
	c.Env = []string{"REFOLD_TEST_SECRET"}
	i, log := start(t, c)
	fold(t, i, unkeyed(t, "say warn it is hunter2!", "say the second line"))
	log.until(t, "level=WARN msg=\"it is [REFOLD_TEST_SECRET]!\"")
	log.until(t, "the [REFOLD_TEST_SECRET]")
	_, err := i.Fold(t.Context(), unkeyed(t, "say panic: hunter2", "crash"))
	fault := wantCode(t, err, runtime.Crashed)
	if !strings.Contains(fault.Error(), "panic: [REFOLD_TEST_SECRET]") || strings.Contains(fault.Error()+log.String(), "hunter2") {
		t.Errorf("the fault is %v, the log\n%s", fault, log)
	}
}

// TestFloodIsCut: a plugin that says a lot is neither held up by the log nor fills it.
func TestFloodIsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it is about sizes")
	}
	i, log := start(t, as(t, "stateless"))
	fold(t, i, unkeyed(t, "flood"))
	log.until(t, "says more than is logged")
	if n := strings.Count(log.String(), "\n"); n > 1000 {
		t.Errorf("%d lines of 5,000 are logged", n)
	}
	fold(t, i, unkeyed(t, "nothing"))
}

// TestDescendantsEndWithTheProcess: killed, hanging or closed, a process leaves none
// of those that it has started.
func TestDescendantsEndWithTheProcess(t *testing.T) {
	for _, end := range []string{"close", "kill", "hang"} {
		t.Run(end, func(t *testing.T) {
			c := as(t, "stateless", tempFile(t, "hung"))
			c.Timeout = 2 * time.Second
			i, _ := start(t, c)
			pids := messages(fold(t, i, unkeyed(t, "pid", "breed", "breed")))
			switch end {
			case "close":
				closeInstance(t, i)
			case "kill":
				kill(t, pids[0])
			case "hang":
				fold(t, i, unkeyed(t, "hang-once"))
			}
			for _, pid := range pids {
				eventually(t, "process "+pid+" to end", func() bool { return !isAlive(t, pid) })
			}
		})
	}
}

// TestIdleProcessIsWatched: one that stands still while nobody calls it is found and
// replaced.
func TestIdleProcessIsWatched(t *testing.T) {
	log := &journal{}
	h := process.NewHost(process.Options{Health: time.Second, Logger: slog.New(slog.NewTextHandler(log, nil))})
	p, err := h.Load(t.Context(), as(t, "stateless"))
	if err != nil {
		t.Fatal(err)
	}
	i := instantiate(t, p)
	pid := messages(fold(t, i, unkeyed(t, "pid")))[0]
	stop(t, pid)
	log.until(t, "not well; it is killed")
	if again := messages(fold(t, i, unkeyed(t, "pid")))[0]; again == pid {
		t.Error("the process that stood still goes on")
	}
}

// beHost is a host that starts a plugin, says which processes there are, and waits
// to be killed.
func beHost(args []string) {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	p, err := process.NewHost(process.Options{}).Load(background, process.Command{Path: self, Args: args})
	if err != nil {
		panic(err)
	}
	i, err := p.Instantiate(background)
	if err != nil {
		panic(err)
	}
	batch := unkeyed(nil, "pid", "breed")
	out, err := i.Fold(background, batch)
	if err != nil {
		panic(err)
	}
	for _, pid := range messages(read(nil, batch, out)) {
		fmt.Println(pid)
	}
	_, err = i.Fold(background, unkeyed(nil, "hang"))
	panic(err)
}

// TestNothingOutlivesItsHost: the host is killed, while its plugin works and cannot
// answer; all that there was of it ends, and so does its folder.
func TestNothingOutlivesItsHost(t *testing.T) {
	temp := t.TempDir()
	self := as(t, "hosts", "stateless")
	host := exec.Command(self.Path, self.Args...)
	host.Env = append(os.Environ(), "TMPDIR="+temp)
	host.Stderr = os.Stderr
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var pids []string
	for len(pids) < 2 && lines.Scan() {
		pids = append(pids, lines.Text())
	}
	if len(pids) < 2 {
		t.Fatalf("the host says %v: %v", pids, lines.Err())
	}
	for _, pid := range pids {
		if !isAlive(t, pid) {
			t.Errorf("process %s is not alive before its time", pid)
		}
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	_ = host.Wait()
	for _, pid := range pids {
		eventually(t, "process "+pid+" to end", func() bool { return !isAlive(t, pid) })
	}
	eventually(t, "the folder to be removed", func() bool {
		left, err := filepath.Glob(filepath.Join(temp, "*"))
		return err == nil && len(left) == 0
	})
}
