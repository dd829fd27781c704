package snapshot

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

// Dir is a folder of snapshots. Its methods are safe for concurrent use, also
// by several processes.
type Dir struct{ path string }

// At returns the folder at path, which need not exist.
func At(path string) Dir { return Dir{path} }

// DamagedError is a file that is not what was written.
type DamagedError struct {
	Path   string
	Reason string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the snapshot %s is damaged: %s", e.Path, e.Reason)
}

// Load returns the aggregate's snapshot, if there is one. The error is a
// *[DamagedError], an *event.FieldError or that of the file system.
func (d Dir) Load(_ context.Context, agg event.Aggregate) (s aggregate.Snapshot, found bool, err error) {
	path, err := d.file(agg)
	if err != nil {
		return s, false, err
	}
	content, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err == nil {
		s, err = decode(content)
	}
	if err == nil && s.Aggregate != agg {
		err = flaw("it is of " + s.Aggregate.String())
	}
	var f flaw
	if errors.As(err, &f) {
		return aggregate.Snapshot{}, false, &DamagedError{path, string(f)}
	}
	return s, err == nil, err
}

// read reads a file, unless it is larger than a snapshot can be.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSize {
		return nil, flaw(fmt.Sprintf("it has %d bytes, more than a snapshot can have", info.Size()))
	}
	content := make([]byte, info.Size())
	if _, err := io.ReadFull(f, content); errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, flaw("it became shorter while it was read")
	} else if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return content, nil
}

// Save keeps a snapshot in place of the one that the aggregate had.
func (d Dir) Save(_ context.Context, s aggregate.Snapshot) error {
	path, err := d.file(s.Aggregate)
	if err != nil {
		return err
	}
	content, err := encode(s)
	if err != nil {
		return fmt.Errorf("snapshot of %s: %w", s.Aggregate, err)
	}
	for _, folder := range []string{filepath.Dir(path), d.beside()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	d.sweep()
	return write(d.beside(), path, content)
}

// write writes a file in one folder and then gives it its name in another.
func write(beside, path string, content []byte) error {
	f, err := os.CreateTemp(beside, "*") // readable by its owner only
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (d Dir) beside() string { return filepath.Join(d.path, ".new") }

// abandonedAfter is the age at which a file beside can only be what a killed
// process has left: writing one takes milliseconds.
const abandonedAfter = time.Hour

// sweep removes what killed processes have left. An error is of no interest:
// the next Save tries again.
func (d Dir) sweep() {
	entries, _ := os.ReadDir(d.beside())
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && time.Since(info.ModTime()) > abandonedAfter {
			_ = os.Remove(filepath.Join(d.beside(), entry.Name()))
		}
	}
}

// file is the path of an aggregate's snapshot. A type that is not a name is
// refused, so that the path cannot lead elsewhere.
func (d Dir) file(agg event.Aggregate) (string, error) {
	if err := event.ValidateTypeName(agg.Type); err != nil {
		return "", &event.FieldError{Field: "aggregate_type", Reason: err.Error()}
	}
	sum := crc32.Update(checksum([]byte(agg.Type)), castagnoli, agg.ID[:])
	return filepath.Join(d.path, fmt.Sprintf("%02x", byte(sum)), agg.Type+"-"+agg.ID.String()+".snapshot"), nil
}
