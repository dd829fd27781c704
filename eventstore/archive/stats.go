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
	s.IndexBytes, err = sizeOf(a.fs, indexSuffix)
	return s, err
}

// sizeOf adds up the sizes of the files that are named by a position.
func sizeOf(fs vfs.FS, suffix string) (total int64, err error) {
	names, err := fs.List()
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if _, ok := parseName(name, suffix); !ok {
			continue
		}
		size, err := fileSize(fs, name)
		if err != nil {
			return 0, err
		}
		total += size
	}
	return total, nil
}

func fileSize(fs vfs.FS, name string) (int64, error) {
	f, err := fs.Open(name)
	if err != nil {
		return 0, err
	}
	size, err := f.Size()
	return size, errors.Join(err, f.Close())
}
