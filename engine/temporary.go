package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// temporaryPrefix begins the names of folders that go away with what they are made for.
const temporaryPrefix = "refold-shadow-"

// temporary is such a folder. A lock in it is held while the process lives: what is left of
// one that was killed is known by that, and removed by whoever makes the next.
type temporary struct {
	path string
	lock *flock.Flock
}

// newTemporary makes a folder, and removes what others have left.
func newTemporary() (*temporary, error) {
	removeLeft()
	for {
		path, err := os.MkdirTemp("", temporaryPrefix)
		if err != nil {
			return nil, err
		}
		t := &temporary{path, flock.New(filepath.Join(path, "lock"))}
		held, err := t.lock.TryLock()
		if held {
			return t, nil
		}
		if _, gone := os.Stat(path); err != nil && gone == nil {
			return nil, errors.Join(fmt.Errorf("locking the folder %s: %w", path, err), os.RemoveAll(path))
		} // else somebody has taken it for one that was left
	}
}

// removeLeft removes the folders that no process holds. What cannot be removed is somebody
// else's.
func removeLeft() {
	found, err := filepath.Glob(filepath.Join(os.TempDir(), temporaryPrefix+"*", "lock"))
	if err != nil {
		return
	}
	for _, path := range found {
		lock := flock.New(path)
		if held, err := lock.TryLock(); err == nil && held {
			left := &temporary{filepath.Dir(path), lock}
			_ = left.remove()
		}
	}
}

// remove removes the folder: the lock last, and where an open file cannot be, when it is
// free.
func (t *temporary) remove() error {
	_ = os.RemoveAll(t.path)
	return errors.Join(t.lock.Unlock(), os.RemoveAll(t.path))
}
