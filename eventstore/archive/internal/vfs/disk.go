package vfs

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrLocked is a lock that somebody else holds.
var ErrLocked = errors.New("the lock is held by another process")

// Disk is a directory of the operating system.
type Disk struct{ dir string }

// NewDisk returns the directory dir and makes it, private to the user, if it is
// missing.
func NewDisk(dir string) (*Disk, error) {
	return &Disk{dir}, os.MkdirAll(dir, 0o700)
}

func (d *Disk) path(name string) string { return filepath.Join(d.dir, name) }

// Lock implements FS.
func (d *Disk) Lock(name string) (io.Closer, error) {
	lock := flock.New(d.path(name))
	held, err := lock.TryLock()
	if err == nil && !held {
		err = ErrLocked
	}
	return lock, err
}

// Create implements FS.
func (d *Disk) Create(name string) (File, error) {
	return openDisk(d.path(name), os.O_CREATE|os.O_TRUNC|os.O_RDWR|os.O_APPEND)
}

// Append implements FS.
func (d *Disk) Append(name string) (File, error) {
	return openDisk(d.path(name), os.O_RDWR|os.O_APPEND)
}

// Open implements FS.
func (d *Disk) Open(name string) (File, error) { return openDisk(d.path(name), os.O_RDONLY) }

// Rename implements FS.
func (d *Disk) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }

// Remove implements FS.
func (d *Disk) Remove(name string) error { return os.Remove(d.path(name)) }

// Truncate implements FS.
func (d *Disk) Truncate(name string, size int64) error {
	f, err := os.OpenFile(d.path(name), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Sync(), f.Close())
}

// List implements FS.
func (d *Disk) List() ([]string, error) {
	entries, err := os.ReadDir(d.dir) // sorted by name
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Sync implements FS.
func (d *Disk) Sync() error {
	f, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// diskFile is a file of the operating system.
type diskFile struct {
	*os.File
	written   int64 // through this handle
	announced int64 // of these, what the system was told to begin to bring to disk
}

func openDisk(path string, flags int) (File, error) {
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f}, nil
}

// writebackStep is how many bytes are worth a word to the system.
const writebackStep = 4 << 20

// Write appends. Of a long file it makes the system begin early to bring it to
// disk, so that a later Sync has less to wait for.
func (f *diskFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	f.written += int64(n)
	if err == nil && f.written-f.announced >= writebackStep {
		beginWriteback(f.File)
		f.announced = f.written
	}
	return n, err
}

func (f *diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
