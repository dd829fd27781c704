package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// DamageError is a file that does not hold what was written to it.
type DamageError struct {
	Path   string
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("the pipeline's state in %s is damaged: %s", e.Path, e.Reason)
}

// lockTimeout is how long another process may have the file.
const lockTimeout = time.Second

// check makes sure that bbolt can open the file for writing, which reads all
// pages of it, and believes them.
func check(path string) (err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil // bbolt makes it
	}
	if err != nil {
		return err
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, ReadOnly: true})
	if err != nil {
		return openError(path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return db.View(func(tx *bbolt.Tx) error {
		if info, err = f.Stat(); err != nil {
			return err
		}
		if info.Size() < tx.Size() {
			return &DamageError{path, fmt.Sprintf("it is cut off: it has %d of %d bytes", info.Size(), tx.Size())}
		}
		size := db.Info().PageSize
		root := tx.Cursor().Bucket().Root()
		if err := newPages(f, uint64(size), uint64(tx.Size())/uint64(size)).checkTree(uint64(root)); err != nil {
			return &DamageError{path, err.Error()}
		}
		return nil
	})
}

// openError tells a file that cannot be opened from one that is damaged.
func openError(path string, err error) error {
	var system *fs.PathError
	var damage *DamageError
	switch {
	case errors.As(err, &damage):
		return damage
	case errors.Is(err, bbolterrors.ErrTimeout):
		return fmt.Errorf("opening %s: another process has it open", path)
	case errors.As(err, &system):
		return fmt.Errorf("opening the pipeline's state: %w", err)
	}
	return &DamageError{path, err.Error()}
}
