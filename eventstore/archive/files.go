package archive

import (
	"errors"
	"io/fs"
	"log/slog"
	"sync"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// files keeps the files of the sealed segments used last open, and builds
// index files.
type files struct {
	fs     vfs.FS
	limit  int
	logger *slog.Logger

	mu   sync.Mutex
	open map[event.Position]*handle
	uses uint64

	building sync.Mutex
}

// handle is the open files of a sealed segment.
type handle struct {
	pins
	segment  vfs.File
	index    *fileIndex
	lastUsed uint64
}

func (h *handle) release() { h.unpin(h.segment, h.index.file) }

func newFiles(fs vfs.FS, opts Options) *files {
	return &files{fs: fs, limit: opts.OpenSegments, logger: opts.Logger, open: map[event.Position]*handle{}}
}

// acquire returns a segment's files; the caller releases them.
func (f *files) acquire(s *sealed) (*handle, error) {
	if h := f.cached(s); h != nil {
		return h, nil
	}
	h, err := f.openHandle(s)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if other, ok := f.open[s.first]; ok {
		h.release()
		f.use(other)
		return other, nil
	}
	f.open[s.first] = h
	f.use(h)
	f.evict()
	return h, nil
}

func (f *files) cached(s *sealed) *handle {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, ok := f.open[s.first]
	if !ok {
		return nil
	}
	f.use(h)
	return h
}

func (f *files) use(h *handle) {
	f.uses++
	h.lastUsed = f.uses
	h.pin()
}

// evict lets go of the files that were not used for longest, while there are
// too many.
func (f *files) evict() {
	for len(f.open) > f.limit {
		var oldest event.Position
		for first, h := range f.open {
			if o, ok := f.open[oldest]; !ok || h.lastUsed < o.lastUsed {
				oldest = first
			}
		}
		f.open[oldest].release()
		delete(f.open, oldest)
	}
}

// drop lets go of the files of all segments from a position on.
func (f *files) drop(from event.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for first, h := range f.open {
		if first >= from {
			h.release()
			delete(f.open, first)
		}
	}
}

func (f *files) close() { f.drop(0) }

func (f *files) openHandle(s *sealed) (*handle, error) {
	segment, err := f.fs.Open(s.name())
	if err != nil {
		return nil, s.damage(0, err)
	}
	x, err := f.openIndex(s)
	if err != nil {
		_ = segment.Close() // only read; err says more
		return nil, err
	}
	h := &handle{segment: segment, index: x}
	h.pin()
	return h, nil
}

// openIndex opens a segment's index file, after building it if need be.
func (f *files) openIndex(s *sealed) (*fileIndex, error) {
	f.building.Lock()
	defer f.building.Unlock()
	x, err := f.tryIndex(s)
	if err == nil || isAccess(err) {
		return x, err
	}
	say := f.logger.Warn
	if errors.Is(err, fs.ErrNotExist) {
		say = f.logger.Info
	}
	say("building the index of an archive segment", "segment", s.name(), "reason", err)
	if err := f.build(s); err != nil {
		return nil, err
	}
	return f.tryIndex(s)
}

// tryIndex opens the index file if it is there and is this segment's.
func (f *files) tryIndex(s *sealed) (*fileIndex, error) {
	file, err := f.fs.Open(indexName(s.first))
	if err != nil {
		return nil, newDamage(indexName(s.first), 0, s.first, err)
	}
	x, err := openIndex(file, indexName(s.first))
	if err == nil && !x.isOf(s) {
		err = x.damage(flaw("the index is that of another segment"))
	}
	if err != nil {
		_ = file.Close() // only read; err says more
		return nil, err
	}
	return x, nil
}

func (x *fileIndex) isOf(s *sealed) bool {
	h := &x.header
	return h.first == s.first && h.size == s.size && h.chain == s.chain && h.counts[nEvents] == uint32(s.next-s.first)
}

// rebuild replaces an index that turned out to be damaged.
func (f *files) rebuild(s *sealed, why error) error {
	f.building.Lock()
	defer f.building.Unlock()
	f.logger.Warn("rebuilding the index of an archive segment", "segment", s.name(), "reason", why)
	f.forget(s)
	return f.build(s)
}

func (f *files) forget(s *sealed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, ok := f.open[s.first]; ok {
		h.release()
		delete(f.open, s.first)
	}
}

// build makes the index file of a segment from the segment.
func (f *files) build(s *sealed) error {
	x, err := f.read(s)
	if err != nil {
		return err
	}
	return f.writeIndex(s, x.encode(s.size, s.chain))
}

// read reads and checks a whole segment.
func (f *files) read(s *sealed) (x *memIndex, err error) {
	file, err := f.fs.Open(s.name())
	if err != nil {
		return nil, s.damage(0, err)
	}
	defer func() { _ = file.Close() }() // only read
	found := scanSegment(file, s.size)
	if err := s.compare(found); err != nil {
		return nil, err
	}
	return found.index, nil
}

// compare reports how what a scan has found differs from the sealed segment.
func (s *sealed) compare(found *scan) error {
	switch {
	case found.flaw != nil:
		return newDamage(s.name(), found.end, max(found.next, s.first), found.flaw)
	case !found.sealed || found.end != s.size || found.header.first != s.first || found.next != s.next ||
		found.header.before != s.before || found.chain != s.chain || found.span != s.span:
		return s.damage(0, flaw("the file was replaced by another one"))
	}
	return nil
}

// writeIndex writes an index file beside and puts it in its place.
func (f *files) writeIndex(s *sealed, encoded []byte) error {
	name := indexName(s.first)
	file, err := f.fs.Create(name + tempSuffix)
	if err != nil {
		return err
	}
	_, err = file.Write(encoded)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return f.fs.Rename(name+tempSuffix, name)
}
