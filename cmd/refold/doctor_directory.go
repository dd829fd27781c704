package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// lowDisk is how many free bytes are few: a busy log fills them in an hour. fullDisk are
// not enough for the files that the log and the archive begin anew.
const (
	lowDisk  = 1 << 30
	fullDisk = 64 << 20
)

// directory reports whether there is a data directory.
func (d *diagnosis) directory(dir datadir.Dir, c *config.Config) bool {
	const name = "data directory"
	switch err := dir.Check(); {
	case errors.Is(err, datadir.ErrNone) && c != nil:
		d.warn(name, err.Error(), "`refold run` makes it")
		return false
	case err != nil:
		d.failed(name, err, "")
		return false
	}
	info, err := os.Stat(dir.Path())
	switch {
	case err != nil:
		d.fault(name, err.Error(), "")
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		d.warn(name, fmt.Sprintf("%s can be entered by other users (mode %o)", dir.Path(), info.Mode().Perm()), "it holds events and the running engine's tokens: chmod 700 "+dir.Path())
	default:
		d.ok(name, dir.Path()+" is there, and private")
	}
	d.diskSpace(dir)
	return err == nil
}

func (d *diagnosis) diskSpace(dir datadir.Dir) {
	const name = "disk space"
	free, err := freeSpace(dir.Path())
	switch {
	case errors.Is(err, errors.ErrUnsupported):
	case err != nil:
		d.warn(name, err.Error(), "")
	case free < fullDisk:
		d.fault(name, size(free)+" are free: an embedded log takes no events any more, or soon will not", "make room, or move the data directory; `refold status --disk` says what takes the space. If appends have failed, restart the engine then")
	case free < lowDisk:
		d.warn(name, size(free)+" are free", "the log never shrinks: make room, or move the data directory")
	default:
		d.ok(name, size(free)+" are free")
	}
}

// size is a number of bytes for people.
func size(bytes uint64) string {
	value, unit := float64(bytes), 0
	for value >= 1024 && unit < 4 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f %s", value, []string{"B", "KiB", "MiB", "GiB", "TiB"}[unit])
}

// lookInto opens the directory for the checks that read its log: as it is, by
// the engine that has it, or, if its last process did not end in order, as a
// copy. It returns no session where a check says why.
func (a *app) lookInto(ctx context.Context, d *diagnosis, dir datadir.Dir, store config.Store) (*session, func() error, error) {
	const name = "in use"
	used, err := dir.InUse()
	switch {
	case err != nil:
		return nil, nil, err
	case used:
		return a.lookBeside(ctx, d)
	case inOrder(dir, store):
		d.ok(name, "by no process; the last one ended in order")
		return a.lookAt(ctx, d, a.data)
	}
	const what = "by no process; the last one was killed, or the power failed"
	copied, err := copyToLook(dir)
	if err != nil {
		d.warn(name, what+"; the log was not looked at: "+err.Error(), "`refold event verify` opens the log, mends its end if it must, and reads all of it")
		return nil, nil, nil
	}
	d.warn(name, what+"; what follows is about a copy", "the next start reads all of the log and mends what was under way at its end")
	s, release, err := a.lookAt(ctx, d, copied)
	remove := func() error { return os.RemoveAll(copied) }
	if err != nil || s == nil {
		return nil, nil, errors.Join(err, remove())
	}
	return s, func() error { return errors.Join(release(), remove()) }, nil
}

// lookBeside looks with the help of the engine that has the directory.
func (a *app) lookBeside(ctx context.Context, d *diagnosis) (*session, func() error, error) {
	s, err := a.open(ctx, opening{unheard: true}, a.quiet())
	var inUse *datadir.InUseError
	switch {
	case errors.As(err, &inUse):
		d.warn("in use", "by a command that cannot be asked; the log was not looked at", hintInUse)
		return nil, nil, nil
	case err != nil:
		d.failed("in use", fmt.Errorf("by an engine that does not answer: %w", err), "look at that engine's log")
		return nil, nil, nil
	case s.control == nil:
		d.ok("in use", "by no process; the last one ended in order")
	default:
		endpoint, err := s.dir.Endpoint()
		if err != nil {
			return nil, nil, errors.Join(err, s.close())
		}
		d.ok("in use", fmt.Sprintf("by an engine, process %d", endpoint.PID))
	}
	return s, s.close, nil
}

// lookAt opens the directory at path as any command does.
func (a *app) lookAt(ctx context.Context, d *diagnosis, path string) (*session, func() error, error) {
	there := *a
	there.data = path
	s, err := there.open(ctx, opening{unheard: true}, a.quiet())
	if err != nil {
		d.failed("log", err, "")
		return nil, nil, nil
	}
	return s, s.close, nil
}

// inOrder reports whether opening the directory changes nothing in it.
func inOrder(dir datadir.Dir, store config.Store) bool {
	if _, err := os.Stat(dir.Path("engine.json")); err == nil {
		return false // nobody took it away
	}
	if _, err := os.Stat(dir.LogPath()); store.URL != "" || errors.Is(err, fs.ErrNotExist) {
		return true
	}
	return embedded.InOrder(dir.LogPath())
}

// copyToLook copies of a directory what the checks read.
func copyToLook(dir datadir.Dir) (copied string, err error) {
	var total uint64
	names, err := namesToLook(dir)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		n, err := bytesBelow(dir.Path(name))
		if err != nil {
			return "", err
		}
		total += n
	}
	if free, err := freeSpace(os.TempDir()); err == nil && free < total+lowDisk {
		return "", fmt.Errorf("a copy would take %s, and %s has %s", size(total), os.TempDir(), size(free))
	}
	if copied, err = os.MkdirTemp("", "refold-doctor-"); err != nil {
		return "", err
	}
	for _, name := range names {
		if err := copyTree(dir.Path(name), filepath.Join(copied, name)); err != nil {
			return "", errors.Join(err, os.RemoveAll(copied))
		}
	}
	return copied, nil
}

// namesToLook are the directory's notes, and the folders of log, archive and
// pipelines. Read models may be large, and are for their databases to check.
func namesToLook(dir datadir.Dir) (names []string, err error) {
	entries, err := os.ReadDir(dir.Path())
	for _, entry := range entries {
		name := entry.Name()
		switch path := dir.Path(name); {
		case name == "engine.json":
		case path == dir.LogPath(), path == dir.ArchivePath(), path == dir.PipelinesPath(), strings.HasSuffix(name, ".json"):
			names = append(names, name)
		}
	}
	return names, err
}

func copyTree(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}
