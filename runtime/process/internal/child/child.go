package child

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/process/wire"
)

// Spec is what a process is started from. All fields but Args, Secrets and Dir are
// required.
type Spec struct {
	// Name is for errors and logs.
	Name string
	// Path is the executable, and Dir the working directory; both are absolute.
	Path, Dir string
	Args      []string
	// Env is the environment, as "NAME=value".
	Env []string
	// Secrets are values that must not be logged, by name.
	Secrets map[string]string
	// StartTimeout bounds the start. Health is how often an idle process is asked
	// whether it is well, and how long it may take to answer.
	StartTimeout, Health time.Duration
	Logger               *slog.Logger
}

// Child is a running process. Calls are made one at a time.
type Child struct {
	spec    Spec
	runner  *process
	client  *plugin.Client
	conn    *grpc.ClientConn
	said    *output
	calls   atomic.Uint64 // twice those that have ended, and one more during a call
	killing sync.Once
	unwatch context.CancelFunc
	watched chan struct{}
}

// grace is how long a process may take to end when it is asked to.
const grace = 2 * time.Second

// Start starts a process, and returns once it has introduced itself and says that
// it is well. What the process does wrong is a *runtime.GuestError.
func Start(ctx context.Context, s Spec) (*Child, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("starting plugin %s: %w", s.Name, err)
	}
	identity, err := newIdentity()
	if err != nil {
		return nil, err
	}
	c := &Child{spec: s, said: newOutput(s.Logger, s.Secrets), watched: make(chan struct{})}
	c.client = plugin.NewClient(c.config(identity))
	release := context.AfterFunc(ctx, func() { c.runner.kill() })
	if err := c.connect(); err != nil {
		release()
		c.end()
		return nil, c.startFault(ctx, err)
	}
	if !release() {
		c.end()
		return nil, fmt.Errorf("starting plugin %s: %w", s.Name, ctx.Err())
	}
	watching, cancel := context.WithCancel(context.Background())
	c.unwatch = cancel
	go c.watch(watching)
	return c, nil
}

// config is go-plugin's of the process.
func (c *Child) config(own *identity) *plugin.ClientConfig {
	c.runner = newProcess(c.spec, own, c.said)
	limit := grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage))
	return &plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: wire.Version, MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue},
		Plugins: plugin.PluginSet{},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, dir string) (runner.Runner, error) {
			c.runner.setUp(cmd.Env, dir)
			return c.runner, nil
		},
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{own.certificate}, ServerName: "localhost", MinVersion: tls.VersionTLS13},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		GRPCDialOptions:  []grpc.DialOption{limit},
		Logger:           hostLog{c.spec.Logger, c.said.secrets, rate.NewLimiter(linesPerSecond, burst)}.logger(),
		SkipHostEnv:      true,
		StartTimeout:     c.spec.StartTimeout,
		Stderr:           io.Discard,
		SyncStdout:       c.said.stream(),
		SyncStderr:       c.said.stream(),
	}
}

// connect waits for the process's handshake, connects, and asks whether it is well.
func (c *Child) connect() error {
	client, err := c.client.Client()
	if err != nil {
		return err
	}
	connected, ok := client.(*plugin.GRPCClient)
	if !ok {
		return fmt.Errorf("go-plugin gave a client of type %T", client)
	}
	c.conn = connected.Conn
	return c.introduced()
}

// startFault says why a process did not start.
func (c *Child) startFault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("starting plugin %s: %w", c.spec.Name, ctx.Err())
	}
	var fault *runtime.GuestError
	switch {
	case errors.As(err, &fault):
		return fault
	case c.runner.refusal() != nil:
		return c.runner.refusal()
	case c.runner.endedByItself():
		return c.complain(runtime.BadHandshake, "ended before it introduced itself: "+c.Fate(), hintServe)
	}
	fault = c.complain(runtime.BadHandshake, "did not introduce itself: "+err.Error(), hintServe)
	fault.Err = err
	return fault
}

func (c *Child) complain(code runtime.Code, reason, hint string) *runtime.GuestError {
	return &runtime.GuestError{Code: code, Plugin: c.spec.Name, Event: runtime.NoEvent, Reason: reason, Hint: hint}
}

// Conn is the connection with the process, for calls within [Child.Call].
func (c *Child) Conn() *grpc.ClientConn { return c.conn }

// Exited is closed when the process has ended.
func (c *Child) Exited() <-chan struct{} { return c.runner.exited }

// Fate says how the process has ended, and what it said last, on one line.
func (c *Child) Fate() string {
	<-c.runner.exited
	fate := c.runner.fate
	if last := c.said.last(); last != "" {
		fate += fmt.Sprintf(", having said %q", last)
	}
	return fate
}

// Stop asks the process to end, and kills it if it does not.
func (c *Child) Stop() {
	c.runner.hangUp()
	select {
	case <-c.runner.exited:
	case <-time.After(grace):
	}
	c.Kill()
}

// Kill ends the process and all that it has started. A second Kill does nothing.
func (c *Child) Kill() {
	c.killing.Do(func() {
		c.unwatch()
		c.end()
		<-c.watched
	})
}

func (c *Child) end() {
	c.runner.kill()
	c.client.Kill() // gives back what go-plugin has
	c.runner.close()
	c.said.flush()
}
