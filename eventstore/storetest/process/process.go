package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/storetest/process/internal/remote"
)

// The variables that make the test program a process of a Rig.
const (
	storeVar = "REFOLD_STORETEST_STORE"
	dirVar   = "REFOLD_STORETEST_DIR"
)

// Open opens a store whose log is in dir. Closing the store must close all that
// was opened for it.
type Open func(dir string) (eventstore.Log, error)

// Serve returns at once, unless the program is the process of a Rig: then it
// serves the store of that name until it is stopped, and exits.
func Serve(stores map[string]Open) {
	name := os.Getenv(storeVar)
	if name == "" {
		return
	}
	if err := serve(stores[name], os.Getenv(dirVar)); err != nil {
		fmt.Fprintf(os.Stderr, "store %q: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(open Open, dir string) error {
	if open == nil {
		return errors.New("there is none of that name")
	}
	store, err := open(dir)
	if err != nil {
		return err
	}
	if err := remote.Serve(store, stdio{}); err != nil {
		return err
	}
	return store.Close()
}

// stdio is the process's end of the pipes.
type stdio struct{}

func (stdio) Read(p []byte) (int, error)  { return os.Stdin.Read(p) }
func (stdio) Write(p []byte) (int, error) { return os.Stdout.Write(p) }
func (stdio) Close() error                { return os.Stdin.Close() }

// Rig is a storetest.Rig: a store in a process. Store is a name that Serve
// knows, and Dir the folder of the log.
type Rig struct {
	Store string
	Dir   string

	command *exec.Cmd
	client  *remote.Log
}

// Start starts the process and returns its store, which is an eventstore.Store
// if the one in the process is.
func (r *Rig) Start() (eventstore.Log, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r.command = exec.Command(program)
	r.command.Env = append(os.Environ(), storeVar+"="+r.Store, dirVar+"="+r.Dir)
	r.command.Stderr = os.Stderr
	in, err := r.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := r.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.command.Start(); err != nil {
		return nil, err
	}
	r.client = remote.Dial(pipes{out, in})
	return r.client.Hello()
}

// pipes are our end.
type pipes struct {
	io.Reader
	io.WriteCloser
}

// Stop closes the store and waits for the process to end by itself.
func (r *Rig) Stop() error {
	err := r.client.Close()
	return errors.Join(err, r.client.Leave(), r.command.Wait())
}

// Kill kills the process.
func (r *Rig) Kill() error {
	err := r.command.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	err = errors.Join(err, r.client.Leave())
	_ = r.command.Wait() // says that it was killed
	return err
}
