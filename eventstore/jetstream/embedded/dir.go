package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/blockfiles"
)

// LockedError is a directory that another server uses.
type LockedError struct{ Dir string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is in use by another process; stop it, or choose another data directory", e.Dir)
}

const lockName = "refold.lock"

func lockDir(dir string) (*flock.Flock, error) {
	lock := flock.New(filepath.Join(dir, lockName))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the directory: %w", err)
	}
	if !locked {
		return nil, &LockedError{dir}
	}
	return lock, nil
}

// InOrder reports whether the last server over a directory ended in order: a
// start only opens what is there, and mends nothing. It is false while a server
// runs.
func InOrder(dir string) bool { return blockfiles.Clean(dir) }

// makeDir makes dir with its parents, private to the user. It returns the
// topmost directory that it made, "" if dir was there.
func makeDir(dir string) (made string, err error) {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = at
	}
	return made, os.MkdirAll(dir, 0o700)
}
