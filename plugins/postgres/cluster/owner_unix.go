//go:build unix

package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// owner is whom the server runs as: this process's user or, of root, that which
// the package of PostgreSQL makes.
func owner() (uid, gid int, err error) {
	if os.Getuid() != 0 {
		return os.Getuid(), os.Getgid(), nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, &MissingError{fmt.Sprintf("it does not run as root, and no user postgres is there: %v", err)}
	}
	uid, uidErr := strconv.Atoi(u.Uid)
	gid, gidErr := strconv.Atoi(u.Gid)
	return uid, gid, errors.Join(uidErr, gidErr)
}

func credentials(uid, gid int) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{}
	if uid != os.Getuid() {
		a.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return a
}

// reach fails if a user cannot come to a folder, as where TMPDIR is private to root.
func reach(dir string, uid, gid int) error {
	for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
		info, err := os.Stat(filepath.Dir(at))
		if err != nil {
			return err
		}
		s, ok := info.Sys().(*syscall.Stat_t)
		open := info.Mode()&0o001 != 0
		if ok && int(s.Uid) == uid {
			open = info.Mode()&0o100 != 0
		} else if ok && int(s.Gid) == gid {
			open = info.Mode()&0o010 != 0
		}
		if !open {
			return &MissingError{fmt.Sprintf("user %d, whom it would run as, cannot come to %s; let TMPDIR name another folder", uid, dir)}
		}
	}
	return nil
}
