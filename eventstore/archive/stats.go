package archive

import (
	"errors"

	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// Stats says how large an archive is.
type Stats struct {
	Segments   int
	Events     uint64
	Bytes      int64 // of all segments
	IndexBytes int64 // of all index files
	// DiskBytes is what all files take on disk, some of the segments being compressed.
	DiskBytes int64
	// CutBytes is what Open or Heal dropped from the end since the archive was
	// opened, to be fetched again.
	CutBytes int64
	// Cut is why Open dropped something, or, of what is only read, left something
	// out; nil if it did not: a write that a kill or a power failure broke off, or
	// damage.
	Cut *DamageError
}

// Stats returns the archive's size.
func (a *Archive) Stats() (Stats, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.closed {
		return Stats{}, ErrClosed
	}
	s := Stats{Segments: len(a.sealed), Events: uint64(a.head), CutBytes: a.cut, Cut: a.damage}
	for _, seg := range a.sealed {
		s.Bytes += seg.size
	}
	if a.active != nil {
		s.Segments++
		s.Bytes += a.active.index.end()
	}
	var err error
	if s.IndexBytes, err = a.stored(indexSuffix); err == nil {
		s.DiskBytes, err = a.fs.Stored(func(string) bool { return true })
	}
	return s, err
}

// stored adds up what the files take that are named by a position.
func (a *Archive) stored(suffix string) (int64, error) {
	return a.fs.Stored(func(name string) bool {
		_, ok := parseName(name, suffix)
		return ok
	})
}

func fileSize(fs vfs.FS, name string) (int64, error) {
	f, err := fs.Open(name)
	if err != nil {
		return 0, err
	}
	size, err := f.Size()
	return size, errors.Join(err, f.Close())
}
