//go:build unix

package datadir

import (
	"io/fs"
	"os"
	"syscall"
)

// othersFile reports whose the file is, if it is not of the user who runs this process.
func othersFile(info fs.FileInfo) (uid, gid int, others bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(s.Uid), int(s.Gid), int(s.Uid) != os.Geteuid()
}
