package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/refold-dev/refold/runtime"
)

// process is the executable that runs, as go-plugin's runner.Runner.
type process struct {
	spec Spec
	own  *identity
	said *output
	env  []string
	dir  string
	// introduction is the first line on standard output: all that go-plugin sees
	// of it.
	introduction *line
	exited       chan struct{}
	fate         string // set before exited is closed
	byItself     bool   // likewise

	mu      sync.Mutex
	cmd     *exec.Cmd // nil: not started
	group   *group
	ours    []*os.File // our ends of its standard files: we write to the first
	reading sync.WaitGroup
	killed  bool
	refused *runtime.GuestError
}

func newProcess(s Spec, own *identity, said *output) *process {
	return &process{spec: s, own: own, said: said, introduction: newLine(), exited: make(chan struct{})}
}

// setUp takes over what go-plugin says to a plugin by its environment, and the
// folder for its socket.
func (p *process) setUp(env []string, dir string) {
	p.env = append(append(p.env, p.spec.Env...), env...)
	p.env = append(p.env, "PLUGIN_CLIENT_CERT="+p.own.pem)
	p.dir = dir
}

// Start starts the executable in a group of its own.
func (p *process) Start(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return errors.New("it is not wanted any more")
	}
	g, err := newGroup(p.dir)
	if err != nil {
		return err
	}
	ours, theirs, err := openPipes()
	if err != nil {
		g.end()
		return err
	}
	defer closeFiles(theirs)
	cmd := &exec.Cmd{Path: p.spec.Path, Args: append([]string{p.spec.Path}, p.spec.Args...), Env: p.env, Dir: p.spec.Dir,
		Stdin: theirs[0], Stdout: theirs[1], Stderr: theirs[2]}
	g.admit(cmd)
	if err := cmd.Start(); err != nil {
		closeFiles(ours)
		g.end()
		p.refused = p.fault(runtime.BadHandshake, fmt.Sprintf("does not start: %v", err), "")
		return p.refused
	}
	p.cmd, p.group, p.ours = cmd, g, ours
	p.reading.Go(func() { p.hear(ours[1]) })
	p.reading.Go(func() { _, _ = io.Copy(p.said.stream(), ours[2]) })
	go p.wait()
	return nil
}

// openPipes opens three pipes, for standard input, output and error.
func openPipes() (ours, theirs []*os.File, err error) {
	for n := range 3 {
		read, write, err := os.Pipe()
		if err != nil {
			closeFiles(append(ours, theirs...))
			return nil, nil, fmt.Errorf("opening a pipe: %w", err)
		}
		if n == 0 {
			read, write = write, read
		}
		ours, theirs = append(ours, read), append(theirs, write)
	}
	return ours, theirs, nil
}

func closeFiles(list []*os.File) {
	for _, f := range list {
		f.Close()
	}
}

// hear passes on the handshake, if it is one, and logs what follows.
func (p *process) hear(stdout io.Reader) {
	in := bufio.NewReaderSize(stdout, maxHandshake)
	text, err := in.ReadSlice('\n')
	if err != nil && len(text) == 0 {
		return // it has ended, or will be taken for one that hangs
	}
	if refusal := checkHandshake(string(text)); refusal != nil {
		p.refuse(refusal)
		text = nil
	}
	p.introduction.say(string(text))
	_, _ = io.Copy(p.said.stream(), in)
}

// wait waits for the process to end, and ends what it has started.
func (p *process) wait() {
	_ = p.cmd.Wait() // what is said of it is in its state
	p.mu.Lock()
	p.byItself = !p.killed
	p.mu.Unlock()
	p.group.end()
	p.finishReading()
	p.fate = p.cmd.ProcessState.String()
	p.introduction.say("")
	close(p.exited)
}

// linger is how long what has left the group may keep writing to the process's
// standard files.
const linger = time.Second

func (p *process) finishReading() {
	read := make(chan struct{})
	go func() {
		p.reading.Wait()
		close(read)
	}()
	select {
	case <-read:
	case <-time.After(linger):
	}
	closeFiles(p.ours[1:])
	<-read
}

// hangUp closes the process's standard input: it is to end.
func (p *process) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ours != nil {
		p.ours[0].Close()
	}
}

// kill kills the process and its group, without waiting for their end.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if p.cmd == nil {
		return
	}
	p.group.kill()
	_ = p.cmd.Process.Kill() // it may have left the group
}

// close waits until nothing of the process is left.
func (p *process) close() {
	p.hangUp()
	p.mu.Lock()
	started := p.cmd != nil
	p.mu.Unlock()
	if started {
		<-p.exited
	}
}

func (p *process) refuse(fault *runtime.GuestError) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fault.Plugin = p.spec.Name
	p.refused = fault
}

func (p *process) fault(code runtime.Code, reason, hint string) *runtime.GuestError {
	return &runtime.GuestError{Code: code, Plugin: p.spec.Name, Event: runtime.NoEvent, Reason: reason, Hint: hint}
}

// refusal is what the process was refused for; nil if it was not.
func (p *process) refusal() *runtime.GuestError {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

// endedByItself reports whether the process has ended without being killed.
func (p *process) endedByItself() bool {
	select {
	case <-p.exited:
		return p.byItself
	default:
		return false
	}
}

// What follows is how go-plugin sees the process.

// Stdout is the handshake alone.
func (p *process) Stdout() io.ReadCloser { return io.NopCloser(p.introduction) }

// Stderr is empty: the process's is read already.
func (p *process) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name is the executable's path.
func (p *process) Name() string { return p.spec.Path }

// Diagnose has nothing to add.
func (p *process) Diagnose(context.Context) string { return "" }

// Wait waits for the process's end.
func (p *process) Wait(context.Context) error {
	<-p.exited
	return nil
}

// Kill kills the process.
func (p *process) Kill(context.Context) error {
	p.kill()
	return nil
}

// ID is the process's number.
func (p *process) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return "not started"
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// PluginToHost passes on the address that the process has introduced itself with.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin is the other way round.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// line is a line that is said later, once; until then, reading it waits.
type line struct {
	said chan struct{}
	once sync.Once
	text *strings.Reader
}

func newLine() *line { return &line{said: make(chan struct{})} }

func (l *line) say(text string) {
	l.once.Do(func() {
		l.text = strings.NewReader(text)
		close(l.said)
	})
}

func (l *line) Read(b []byte) (int, error) {
	<-l.said
	return l.text.Read(b)
}
