package archive

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// snapshot is the archive at one moment. It keeps the active segment's file
// open until release.
type snapshot struct {
	files  *files
	sealed []*sealed
	active *active
	head   event.Position
}

// snapshot returns the archive as it is now.
func (a *Archive) snapshot() (*snapshot, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.closed {
		return nil, ErrClosed
	}
	if a.active != nil {
		a.active.pin()
	}
	return &snapshot{a.files, a.sealed, a.active, a.head}, nil
}

func (s *snapshot) release() {
	if s.active != nil {
		s.active.release()
	}
}

// segments is the number of segments.
func (s *snapshot) segments() int {
	n := len(s.sealed)
	if s.active != nil {
		n++
	}
	return n
}

// segmentOf returns the number of the segment that holds a position.
func (s *snapshot) segmentOf(p event.Position) int {
	return sort.Search(len(s.sealed), func(i int) bool { return s.sealed[i].next > p })
}

// view is one segment, open for reading.
type view struct {
	first event.Position
	count uint32 // events that belong to the snapshot
	file  vfs.File
	index index
}

// at calls f with a segment. When the segment's index turns out to be damaged,
// it is rebuilt and f is called again, so f must not keep what it had found.
func (s *snapshot) at(segment int, f func(*view) error) error {
	if segment == len(s.sealed) {
		a := s.active
		return f(&view{a.header.first, uint32(s.head + 1 - a.header.first), a.file, a.index})
	}
	seg := s.sealed[segment]
	err := s.atSealed(seg, f)
	var damage *DamageError
	if errors.As(err, &damage) && strings.HasSuffix(damage.File, indexSuffix) {
		if err := s.files.rebuild(seg, damage); err != nil {
			return err
		}
		err = s.atSealed(seg, f)
	}
	return err
}

func (s *snapshot) atSealed(seg *sealed, f func(*view) error) error {
	h, err := s.files.acquire(seg)
	if err != nil {
		return err
	}
	defer h.release()
	return f(&view{seg.first, uint32(seg.next - seg.first), h.segment, h.index})
}

func (v *view) damage(at uint32, ordinal uint32, err error) error {
	return newDamage(segmentName(v.first), int64(at), v.first+event.Position(ordinal), err)
}

// within returns the events that belong to the snapshot.
func (v *view) within(list []listed) []listed {
	n := sort.Search(len(list), func(i int) bool { return list[i].ordinal >= v.count })
	return list[:n]
}

// events reads single events. Their Data and Metadata share one buffer.
func (v *view) events(list []listed) ([]event.Recorded, error) {
	total := 0
	for i := range list {
		total += int(list[i].length)
	}
	buf := make([]byte, total)
	out := make([]event.Recorded, len(list))
	for i := range list {
		l := &list[i]
		var err error
		if out[i], err = v.event(l.ordinal, l.entry, buf[:l.length:l.length]); err != nil {
			return nil, err
		}
		buf = buf[l.length:]
	}
	return out, nil
}

// event reads an event's record into b.
func (v *view) event(ordinal uint32, e entry, b []byte) (event.Recorded, error) {
	if _, err := v.file.ReadAt(b, int64(e.at)); err != nil {
		return event.Recorded{}, v.damage(e.at, ordinal, err)
	}
	if checksum(b) != e.checksum {
		return event.Recorded{}, v.damage(e.at, ordinal, flaw("the event's checksum is wrong"))
	}
	rec, err := parseRecord(b)
	if err == nil && rec.position() != v.first+event.Position(ordinal) {
		err = fmt.Errorf("the event of position %d stands here", rec.position())
	}
	if err != nil {
		return event.Recorded{}, v.damage(e.at, ordinal, err)
	}
	return rec.event(v.index.name(e.eventType), v.index.name(e.aggregateType)), nil
}
