package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/refold-dev/refold/domain/event"
)

// ErrClosed is the error of an archive after Close.
var ErrClosed = errors.New("the archive is closed")

// LockedError is a directory that another process, or another Archive of this
// one, has open.
type LockedError struct{ Dir string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("the archive in %s is in use by another process", e.Dir)
}

// DigestError is an archive that was written under another catalog than
// Options.Catalog: Rebuild it.
type DigestError struct{ Have, Want [32]byte }

func (e *DigestError) Error() string {
	return fmt.Sprintf("the archive was written under catalog %x, the catalog is %x: rebuild it", e.Have[:6], e.Want[:6])
}

// FormatError is a file of a format version that this package does not read.
type FormatError struct {
	File    string
	Version uint16
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s has format version %d, this program reads version %d: delete the archive to have it made again from the log", e.File, e.Version, formatVersion)
}

// DamageError is a place in a file that does not hold what was written there.
// Events before First are whole; First and later ones may not be.
type DamageError struct {
	File   string
	Offset int64
	First  event.Position // the first event in doubt
	Err    error          // what is wrong
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("archive file %s is damaged at byte %d, from position %d on: %v", e.File, e.Offset, e.First, e.Err)
}

func (e *DamageError) Unwrap() error { return e.Err }

// DivergedError is a log that does not hold what the archive holds.
type DivergedError struct {
	// Position is the first event that differs or is missing; see Compare.
	Position event.Position
	// Archive and Log are the last positions of the two.
	Archive, Log event.Position
	Reason       string
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("the log is not the one that was archived: at position %d %s (archive ends at %d, log at %d)", e.Position, e.Reason, e.Archive, e.Log)
}

// newDamage returns what is wrong at a place as a *DamageError; a file that the
// system did not let us open or read is no damage, and is an error of its own.
func newDamage(file string, offset int64, first event.Position, err error) error {
	if isAccess(err) {
		return fmt.Errorf("reading archive file %s at byte %d: %w", file, offset, err)
	}
	return &DamageError{File: file, Offset: offset, First: first, Err: err}
}

// isAccess reports whether an error says nothing about a file's bytes.
func isAccess(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EIO)
}

// flaw says what is wrong with some bytes.
type flaw string

func (f flaw) Error() string { return string(f) }

// versionFlaw is a sound structure of another format version.
type versionFlaw uint16

func (f versionFlaw) Error() string {
	return fmt.Sprintf("the format version is %d, not %d", uint16(f), formatVersion)
}
