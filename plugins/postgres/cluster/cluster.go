package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Options say how a server runs.
type Options struct {
	// Settings are the server's, such as "fsync": "off".
	Settings map[string]string
}

// Cluster is a running server. Its methods are for one goroutine.
type Cluster struct {
	binaries string
	dir      string
	as       *syscall.SysProcAttr // whom its processes run as
	port     int
	password string
	settings map[string]string
	log      *os.File
	server   *process
}

// role is the one that there is, and owns everything.
const role = "refold"

// Start makes a new server and waits until it takes connections. Where there can
// be none, the error is a [*MissingError].
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c := &Cluster{settings: o.Settings, password: rand.Text()}
	err := c.make(ctx)
	if err == nil {
		err = c.begin(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// make makes the files. The folder is in the system's one for temporary files,
// where everybody can come to: the server may run as another user.
func (c *Cluster) make(ctx context.Context) (err error) {
	if c.binaries, err = binaries(); err != nil {
		return err
	}
	uid, gid, err := owner()
	if err != nil {
		return err
	}
	c.as = runAs(uid, gid)
	if c.dir, err = os.MkdirTemp("", "refold-postgres-"); err != nil {
		return err
	}
	if os.Getuid() != uid {
		if err := reach(c.dir, uid, gid); err != nil {
			return err
		}
	}
	if c.log, err = os.Create(c.path("server.log")); err != nil {
		return err
	}
	password := c.path("password")
	if err := os.WriteFile(password, []byte(c.password), 0o600); err != nil {
		return err
	}
	if os.Getuid() != uid {
		if err := errors.Join(os.Chown(c.dir, uid, gid), os.Chown(password, uid, gid)); err != nil {
			return err
		}
	}
	initdb := c.command(ctx, "initdb", "--pgdata="+c.path("data"), "--username="+role, "--pwfile="+password,
		"--encoding=UTF8", "--locale=C", "--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256")
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, output)
	}
	return nil
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

func (c *Cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.binaries, program), args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = c.as
	cmd.Env = []string{"PATH=" + c.binaries, "LC_ALL=C", "TZ=UTC"}
	return cmd
}

// URL names a database of the server, by its unix socket, which asks for no
// password: only its owner and root come to it.
func (c *Cluster) URL(database string) string {
	q := url.Values{"host": {c.dir}, "port": {fmt.Sprint(c.port)}}
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database, RawQuery: q.Encode()}
	return u.String()
}

// TCP names a database of the server by its address, with the password.
func (c *Cluster) TCP(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, c.password), Host: fmt.Sprintf("127.0.0.1:%d", c.port), Path: "/" + database}
	return u.String()
}

// Restart ends the server and starts it again: in order, or as by a crash.
func (c *Cluster) Restart(ctx context.Context, crash bool) error {
	end := c.server.stop
	if crash {
		end = c.server.crash
	}
	if err := end(); err != nil {
		return err
	}
	return c.startAgain(ctx)
}

// Stop ends the server, if it runs, and removes all that it has.
func (c *Cluster) Stop() error {
	var err error
	if c.server != nil {
		err = c.server.crash() // nobody wants its files
	}
	if c.log != nil {
		err = errors.Join(err, c.log.Close())
	}
	if c.dir != "" {
		err = errors.Join(err, os.RemoveAll(c.dir))
	}
	return err
}
