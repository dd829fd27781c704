package archive

import (
	"github.com/refold-dev/refold/domain/event"
)

// pageBytes is about how much of a segment is read at once.
const pageBytes = 1 << 20

// reading says which blocks to read, and what to do with them. What is nil
// selects everything.
type reading struct {
	from    event.Position
	segment func(*sealed) bool // of sealed segments
	block   func(*view, blockEntry) (bool, error)
	more    func() bool // asked before each page
	visit   func(block)
	reuse   bool // blocks are done with after visit
	buf     []byte
}

// read visits blocks in order, from the one that holds r.from on.
func (s *snapshot) read(r reading) error {
	for segment := s.segmentOf(r.from); segment < s.segments(); segment++ {
		if segment < len(s.sealed) && r.segment != nil && !r.segment(s.sealed[segment]) {
			continue
		}
		if err := s.readSegment(segment, &r); err != nil {
			return err
		}
	}
	return nil
}

func (s *snapshot) readSegment(segment int, r *reading) error {
	for ordinal, done := uint32(0), false; !done; {
		if r.more != nil && !r.more() {
			return nil
		}
		err := s.at(segment, func(v *view) error {
			if r.from > v.first {
				ordinal = max(ordinal, uint32(r.from-v.first))
			}
			list, next, err := v.page(ordinal, r.block)
			if err != nil {
				return err
			}
			ordinal, done = next, next >= v.count
			return v.read(list, r) // which reads nothing of the index any more
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// page lists blocks that want selects, from the one that holds an ordinal on,
// until they are large enough for one read; next is the ordinal to go on at.
func (v *view) page(from uint32, want func(*view, blockEntry) (bool, error)) (list []blockEntry, next uint32, err error) {
	size, full := 0, false
	next = from
	var wantErr error
	err = v.index.blocks(from, func(b blockEntry) bool {
		if full = size >= pageBytes; full || b.first >= v.count {
			return false
		}
		next = max(next, b.end())
		wanted := want == nil
		if !wanted {
			wanted, wantErr = want(v, b)
		}
		if wanted {
			list = append(list, b)
			size += int(b.length)
		}
		return wantErr == nil
	})
	if err == nil {
		err = wantErr
	}
	if !full {
		next = v.count
	}
	return list, next, err
}

// read reads blocks and visits them. Blocks that stand next to each other are
// read together.
func (v *view) read(list []blockEntry, r *reading) error {
	total := 0
	for _, b := range list {
		total += int(b.length)
	}
	if !r.reuse || cap(r.buf) < total {
		r.buf = make([]byte, total)
	}
	buf := r.buf[:total]
	for len(list) > 0 {
		n, size := adjacent(list)
		if _, err := v.file.ReadAt(buf[:size], int64(list[0].at)); err != nil {
			return v.damage(list[0].at, list[0].first, err)
		}
		for _, b := range list[:n] {
			k, err := v.block(b, buf[:b.length:b.length])
			if err != nil {
				return err
			}
			r.visit(k)
			buf = buf[b.length:]
		}
		list = list[n:]
	}
	return nil
}

// block opens a block that was read and makes sure that it is the one.
func (v *view) block(b blockEntry, bytes []byte) (block, error) {
	k, err := openBlock(bytes)
	if err == nil && (k.first != v.first+event.Position(b.first) || k.count != b.count) {
		err = flaw("another block stands here than the index says")
	}
	if err != nil {
		return k, v.damage(b.at, b.first, err)
	}
	return k, nil
}

// adjacent returns how many of the first blocks stand next to each other, and
// their size.
func adjacent(list []blockEntry) (n, size int) {
	for n < len(list) && uint64(list[n].at) == uint64(list[0].at)+uint64(size) {
		size += int(list[n].length)
		n++
	}
	return n, size
}
