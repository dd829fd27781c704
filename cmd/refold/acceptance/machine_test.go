//go:build acceptance

package acceptance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// suite is the Debian that is booted, which is also that of the Dockerfile.
const suite = "bookworm"

// debian is the root of a Debian with systemd: made once, in the user's cache folder, and
// never written to again.
func debian(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "refold-tools", "debian-"+suite)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	half := dir + ".half"
	if err := errors.Join(os.RemoveAll(half), os.MkdirAll(filepath.Dir(half), 0o755)); err != nil {
		t.Fatal(err)
	}
	s := &shell{t: t, dir: filepath.Dir(half)}
	s.run("debootstrap --variant=minbase --include=systemd,systemd-sysv " + suite + " " + half)
	if err := os.Rename(half, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// only has one machine run at a time, for they would share a control group. What is
// started with the file holds the lock for as long as it runs.
func only(t *testing.T, root string) *os.File {
	t.Helper()
	lock, err := os.OpenFile(root+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		t.Fatalf("%s.lock: a machine runs already, which ends within eleven minutes: %v", root, err)
	}
	t.Cleanup(func() { _ = lock.Close() })
	return lock
}

// boot boots a machine of its own, with no network and the folder to read in its /srv, and
// returns root's shell there. What is written in it is in memory, and gone with it.
func boot(t *testing.T, folder string) *shell {
	t.Helper()
	root, manager := debian(t), listen(t)
	lock := only(t, root)
	var console bytes.Buffer
	c := exec.Command("timeout", "--kill-after=1m", "10m", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
		"--directory="+root, "--volatile=overlay", "--private-network", "--bind-ro="+folder+":/srv", "--notify-ready=yes", "--boot")
	c.Stdout, c.Stderr, c.ExtraFiles = &console, &console, []*os.File{lock}
	c.Env = append(os.Environ(), "NOTIFY_SOCKET="+manager.LocalAddr().String())
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = c.Wait()
		_ = manager.Close() // nobody tells anything any more
		close(ended)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("its console:\n%s", &console)
		}
	})
	leader, err := booted(manager)
	t.Cleanup(func() { shut(t, c.Process.Pid, leader, ended) })
	if err == nil {
		err = manager.SetReadDeadline(time.Time{})
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, manager) }() // or the machine would wait for being heard
	return &shell{t: t, dir: "/srv", enter: []string{"nsenter", "--all", "--target", strconv.Itoa(leader), "env", "-i", "HOME=/root",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}}
}

// shut has a machine end in good order, or ends it. Its first process is not the nspawn's
// to lose: it would outlive that.
func shut(t *testing.T, pid, leader int, ended <-chan struct{}) {
	t.Helper()
	_ = syscall.Kill(pid, syscall.SIGTERM) // which powers off
	select {
	case <-ended:
		return
	case <-time.After(time.Minute):
		t.Error("the machine does not end by itself")
	}
	if leader != 0 {
		_ = syscall.Kill(leader, syscall.SIGKILL)
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL) // with what timeout has started
	<-ended
}

// listen listens as a service manager does.
func listen(t *testing.T) *net.UnixConn {
	t.Helper()
	dir, err := os.MkdirTemp("", "refold-") // the test's own may be too long for a socket's address
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "manager"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	return manager
}

var leading = regexp.MustCompile(`(?m)^X_NSPAWN_LEADER_PID=(\d+)$`)

// booted waits until a machine says that it is up, and returns its first process, which is
// known before.
func booted(manager *net.UnixConn) (leader int, err error) {
	if err := manager.SetReadDeadline(time.Now().Add(3 * time.Minute)); err != nil {
		return leader, err
	}
	told := make([]byte, 4096)
	for {
		n, err := manager.Read(told)
		if err != nil {
			return leader, fmt.Errorf("booting: waiting until it is up: %w", err)
		}
		if m := leading.FindSubmatch(told[:n]); m != nil {
			if leader, err = strconv.Atoi(string(m[1])); err != nil {
				return 0, err
			}
		}
		if leader != 0 && bytes.Contains(told[:n], []byte("READY=1")) {
			return leader, nil
		}
	}
}
