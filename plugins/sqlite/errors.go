package sqlite

import (
	"errors"
	"fmt"

	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/refold-dev/refold/domain/effect"
)

// Conditions of the file that pass by themselves or by an operator's hand.
var (
	// ErrLocked says that another writer held the file for longer than the
	// busy timeout.
	ErrLocked = errors.New("the file is locked by another writer")
	// ErrDiskFull says that the file could not grow.
	ErrDiskFull = errors.New("the disk is full")
	// ErrDamaged says that the file does not hold what was written to it, or is
	// another program's.
	ErrDamaged = errors.New("the file is not a sound SQLite database")
)

// explain puts the conditions that an operator can mend into words, and says of
// those that pass that they do.
func explain(err error) error {
	var e *sqlitedriver.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return &effect.RetryError{Err: fmt.Errorf("%w: %w", ErrLocked, err)}
	case sqlite3.SQLITE_FULL:
		return &effect.RetryError{Err: fmt.Errorf("%w: %w", ErrDiskFull, err)}
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}
