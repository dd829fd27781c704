package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/refold-dev/refold/domain/effect"
)

// Names in a folder.
const (
	ledgerName = "refold.json"
	lockName   = "lock"
	linkName   = "current"
	newSuffix  = ".new" // of what is written anew, before it is renamed
)

// folder is where all generations of a pipeline are.
type folder string

func (d folder) path(names ...string) string {
	return filepath.Join(append([]string{string(d)}, names...)...)
}

// generationName is that of a generation's folder.
func generationName(g int64) string { return "g" + strconv.FormatInt(g, 10) }

// parseGeneration reads the name of a generation's folder.
func parseGeneration(name string) (g int64, ok bool) {
	digits, ok := strings.CutPrefix(name, "g")
	g, err := strconv.ParseInt(digits, 10, 64)
	return g, ok && err == nil && generationName(g) == name
}

// lockPatience is how long another process may hold the lock, and lockPause how
// long is waited before it is tried again.
const (
	lockPatience = 5 * time.Second
	lockPause    = 2 * time.Millisecond
)

// locked does something while nobody else changes the folder.
func (d folder) locked(ctx context.Context, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	lock := flock.New(d.path(lockName), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(within, lockPause); err != nil {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case within.Err() != nil:
			return &effect.RetryError{Err: ErrLocked}
		}
		return explain(fmt.Errorf("locking the folder: %w", err))
	}
	return errors.Join(explain(do()), lock.Unlock())
}

// active is the generation that readers see; ok is false where there is none yet.
func (d folder) active() (g int64, ok bool, err error) {
	to, err := os.Readlink(d.path(linkName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("reading the link to the active generation: %w", err)
	}
	if g, ok = parseGeneration(to); !ok {
		return 0, false, fmt.Errorf("the link %s leads to %q, which is no generation", d.path(linkName), to)
	}
	return g, true, nil
}

// activate makes a generation the one that readers see, in one step.
func (d folder) activate(g int64) error {
	fresh := d.path(linkName + newSuffix)
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(generationName(g), fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, d.path(linkName)); err != nil {
		return err
	}
	return syncFolder(string(d))
}

// sweep removes the folders of generations that the ledger does not have.
func (d folder) sweep(l *ledger) error {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		g, ok := parseGeneration(entry.Name())
		if _, known := l.Generations[g]; !ok || known {
			continue
		}
		if err := os.RemoveAll(d.path(entry.Name())); err != nil {
			return fmt.Errorf("removing generation %d: %w", g, err)
		}
	}
	return syncFolder(string(d))
}

// stranger is the name of something in a folder without a ledger that is not this
// package's; empty if there is nothing.
func (d folder) stranger() (string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if name := entry.Name(); name != lockName && name != ledgerName+newSuffix {
			return name, nil
		}
	}
	return "", nil
}

// syncFolder brings the names in a folder to disk.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
