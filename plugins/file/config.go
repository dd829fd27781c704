package file

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/refold-dev/refold/domain/effect"
)

// Config says where lines are appended. Folder is required.
type Config struct {
	// Folder is made if it is not there.
	Folder string
	// MaxSize is how many bytes a file may have, if a single line has no more; 0
	// means any number.
	MaxSize int64
	// Keep is how many finished files are kept; 0 means all.
	Keep int
}

var (
	// ErrDiskFull says that a file could not grow.
	ErrDiskFull = errors.New("the disk is full")
	// ErrLocked says that another process held the folder for longer than a batch
	// should take.
	ErrLocked = errors.New("the folder is locked by another process")
)

// explain says of the conditions that pass that they do.
func explain(err error) error {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, full) {
			return &effect.RetryError{Err: fmt.Errorf("%w: %w", ErrDiskFull, err)}
		}
	}
	return err
}
