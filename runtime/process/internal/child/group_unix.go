//go:build unix

package child

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// shell is where POSIX has it.
const shell = "/bin/sh"

// watchScript waits until the pipe on standard input is closed, by the end of this
// process if not before, and then removes a folder and kills its own group, of which
// it is the leader.
const watchScript = `read _; rm -rf -- "$1"; kill -s KILL 0`

// group is a process group that ends with this process. Its number stays its own
// until end has returned, whoever of it is alive.
type group struct {
	leader *exec.Cmd
	alive  *os.File // the pipe's other end

	mu    sync.Mutex
	ended bool
}

// newGroup starts a group's leader, which is to remove a folder if this process
// dies.
func newGroup(folder string) (*group, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("opening a pipe: %w", err)
	}
	defer read.Close()
	leader := exec.Command(shell, "-c", watchScript, "refold-watch", folder)
	leader.Stdin, leader.Env, leader.Dir = read, []string{"PATH=/usr/bin:/bin"}, "/"
	leader.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := leader.Start(); err != nil {
		write.Close()
		return nil, fmt.Errorf("starting %s, which ends a plugin with its engine: %w", shell, err)
	}
	return &group{leader: leader, alive: write}, nil
}

// admit has a command start in the group.
func (g *group) admit(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: g.leader.Process.Pid}
}

// kill kills all of the group, the leader too.
func (g *group) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.ended {
		_ = syscall.Kill(-g.leader.Process.Pid, syscall.SIGKILL)
	}
}

// end kills all of the group and gives its number back. A second end does nothing.
func (g *group) end() {
	g.kill()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended {
		return
	}
	g.ended = true
	_ = g.leader.Wait() // killed
	g.alive.Close()
}
