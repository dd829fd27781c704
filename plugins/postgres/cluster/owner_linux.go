package cluster

import "syscall"

// runAs has a process run as a user, and end when this one does.
func runAs(uid, gid int) *syscall.SysProcAttr {
	a := credentials(uid, gid)
	a.Pdeathsig = syscall.SIGQUIT
	return a
}
