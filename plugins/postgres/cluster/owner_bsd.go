//go:build unix && !linux

package cluster

import "syscall"

// runAs has a process run as a user.
func runAs(uid, gid int) *syscall.SysProcAttr { return credentials(uid, gid) }
