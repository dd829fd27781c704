package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/datadir"
)

const deadline = time.Minute // for what is waited for

// directory is a data directory, used by processes only.
type directory struct {
	*testing.T
	path   string
	config string
}

func newDirectory(t *testing.T) *directory {
	t.Helper()
	folder := t.TempDir()
	d := &directory{t, filepath.Join(folder, "data"), filepath.Join(folder, "pipelines.yaml")}
	text, err := os.ReadFile("../../examples/git-history/pipelines.yaml")
	if err != nil {
		t.Fatal(err)
	}
	guests := strings.NewReplacer("wasm: ", "wasm: "+os.Getenv(guestsEnv)+"/")
	if err := os.WriteFile(d.config, []byte(guests.Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *directory) command(args ...string) *exec.Cmd {
	return exec.Command("refold", append(args, "--data", d.path)...)
}

// run runs a command that must succeed, and returns what it prints.
func (d *directory) run(args ...string) []byte {
	d.Helper()
	out, err := output(d.command(args...))
	if err != nil {
		d.Fatalf("refold %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (d *directory) importText(text []byte) {
	d.Helper()
	c := d.command("event", "import", "-")
	c.Stdin = bytes.NewReader(text)
	if _, err := output(c); err != nil {
		d.Fatalf("importing: %v", err)
	}
}

func output(c *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, &stderr)
	}
	return out, err
}

// running is an engine that runs.
type running struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	done   chan error
}

func (d *directory) start() *running {
	d.Helper()
	e := &running{cmd: d.command("run", "-c", d.config), done: make(chan error, 1)}
	e.cmd.Stderr = &e.stderr
	if err := e.cmd.Start(); err != nil {
		d.Fatal(err)
	}
	go func() { e.done <- e.cmd.Wait() }()
	d.Cleanup(func() { _ = e.cmd.Process.Kill() })
	return e
}

// kill kills an engine while it starts or, in half of the cases, after: while
// it catches up or is live.
func (d *directory) kill(e *running, random *rand.Rand) {
	d.Helper()
	after, since := time.Duration(random.Int64N(int64(300*time.Millisecond))), "its start"
	if random.IntN(2) == 0 {
		d.waitUntilItRuns(e)
		since = "it runs"
	}
	select {
	case err := <-e.done:
		d.Fatalf("the engine has ended: %v\n%s", err, &e.stderr)
	case <-time.After(after):
	}
	if err := e.cmd.Process.Kill(); err != nil {
		d.Fatal(err)
	}
	<-e.done
	d.Logf("killed %s after %s", after, since)
}

// waitUntilItRuns waits until an engine has published how to reach it.
func (d *directory) waitUntilItRuns(e *running) {
	d.Helper()
	dir := datadir.At(d.path)
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if at, err := dir.Endpoint(); err == nil && at.PID == e.cmd.Process.Pid {
			return
		}
	}
	d.Fatalf("the engine does not run within %s", deadline)
}

// terminate ends an engine as a service manager does.
func (d *directory) terminate(e *running) {
	d.Helper()
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		d.Fatal(err)
	}
	if err := <-e.done; err != nil {
		d.Fatalf("the engine ends with %v\n%s", err, &e.stderr)
	}
}

// waitFor waits until an engine is live at a position.
func (d *directory) waitFor(position int) {
	d.Helper()
	var list []engine.Status
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err := json.Unmarshal(d.run("status", "--json"), &list); err != nil {
			d.Fatal(err)
		}
		ready := len(list) == 2
		for _, s := range list {
			ready = ready && s.State == engine.Live && s.Position == s.Head && int(s.Position) == position
		}
		if ready {
			return
		}
	}
	d.Fatalf("the pipelines are not live at position %d within %s: %+v", position, deadline, list)
}
