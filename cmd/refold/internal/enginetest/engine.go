package enginetest

import (
	"bytes"
	"os/exec"
	"syscall"
	"time"

	"github.com/refold-dev/refold/engine/datadir"
)

// Engine is an engine that runs.
type Engine struct {
	d      *Directory
	cmd    *exec.Cmd
	stderr bytes.Buffer
	done   chan error
}

// Start starts an engine. It does not outlive the test.
func (d *Directory) Start() *Engine {
	d.Helper()
	e := &Engine{d: d, cmd: d.Command("run", "-c", d.Config), done: make(chan error, 1)}
	e.cmd.Stderr = &e.stderr
	if err := e.cmd.Start(); err != nil {
		d.Fatal(err)
	}
	go func() { e.done <- e.cmd.Wait() }()
	d.Cleanup(func() { _ = e.cmd.Process.Kill() })
	return e
}

// PID is its process.
func (e *Engine) PID() int { return e.cmd.Process.Pid }

// WaitUntilItRuns waits until an engine has published how to reach it.
func (e *Engine) WaitUntilItRuns() {
	e.d.Helper()
	dir := datadir.At(e.d.Path)
	for end := time.Now().Add(Deadline); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if at, err := dir.Endpoint(); err == nil && at.PID == e.PID() {
			return
		}
		e.mustLive()
	}
	e.d.Fatalf("the engine does not run within %s", Deadline)
}

func (e *Engine) mustLive() {
	e.d.Helper()
	select {
	case err := <-e.done:
		e.d.Fatalf("the engine has ended: %v\n%s", err, &e.stderr)
	default:
	}
}

// KillAfter kills an engine, which must still live then.
func (e *Engine) KillAfter(pause time.Duration) {
	e.d.Helper()
	time.Sleep(pause)
	e.mustLive()
	e.Kill()
}

// Kill kills an engine, dead or alive.
func (e *Engine) Kill() {
	_ = e.cmd.Process.Kill()
	<-e.done
	e.done <- nil // for whoever looks again
}

// Terminate ends an engine as a service manager does.
func (e *Engine) Terminate() {
	e.d.Helper()
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		e.d.Fatal(err)
	}
	if err := <-e.done; err != nil {
		e.d.Fatalf("the engine ends with %v\n%s", err, &e.stderr)
	}
}
