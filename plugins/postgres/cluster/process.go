package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// patience is how long the server may take to start or to stop.
	patience = time.Minute
	// look is the pause between two looks at whether it has.
	look = 10 * time.Millisecond
	// ports is how many are tried for a new server: between the choice of a free one
	// and its use another program may take it.
	ports = 5
)

// errEnded says that the server has ended by itself.
var errEnded = errors.New("the server has ended")

// process is one life of the server.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed then
}

// begin starts a new server.
func (c *Cluster) begin(ctx context.Context) (err error) {
	for range ports {
		if c.port, err = freePort(); err != nil {
			return err
		}
		if err = c.start(ctx); !errors.Is(err, errEnded) {
			return err
		}
	}
	return err
}

// startAgain starts a server that has run before. Processes of its former life may
// hold its memory for a moment.
func (c *Cluster) startAgain(ctx context.Context) error {
	for end := time.Now().Add(patience); ; {
		err := c.start(ctx)
		if !errors.Is(err, errEnded) || time.Now().After(end) {
			return err
		}
		time.Sleep(look)
	}
}

// start starts the server's process and waits until it takes connections.
func (c *Cluster) start(ctx context.Context) error {
	args := []string{"-D", c.path("data"), "-k", c.dir, "-h", "127.0.0.1", "-p", fmt.Sprint(c.port)}
	for name, value := range c.settings {
		args = append(args, "-c", name+"="+value)
	}
	cmd := c.command(context.WithoutCancel(ctx), "postgres", args...)
	cmd.Stdout, cmd.Stderr = c.log, c.log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	c.server = &process{cmd, make(chan struct{})}
	go func(p *process) {
		defer close(p.ended)
		_ = p.cmd.Wait() // how it ends does not matter
	}(c.server)
	return c.awaitConnections(ctx)
}

func (c *Cluster) awaitConnections(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		conn, err := pgconn.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-c.server.ended:
			said, readErr := os.ReadFile(c.log.Name())
			return errors.Join(fmt.Errorf("%w: %s", errEnded, said), readErr)
		case <-ctx.Done():
			return fmt.Errorf("wait for the server: %w", err)
		case <-time.After(look):
		}
	}
}

// stop ends the server in order, crash without: it recovers at its next start.
func (p *process) stop() error  { return p.end(syscall.SIGINT) }
func (p *process) crash() error { return p.end(syscall.SIGQUIT) }

func (p *process) end(signal os.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end the server: %w", err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
		return errors.Join(errors.New("the server does not end"), p.cmd.Process.Kill())
	}
}

// freePort is one that nobody listens on just now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
