package archive

import (
	"context"
	"time"

	"github.com/refold-dev/refold/domain/event"
)

// At is the position of the last event that had happened at a time, or 0. Times need not
// be in the order of positions: events before it may be later ones.
func (s *Store) At(ctx context.Context, t time.Time) (event.Position, error) {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return 0, err
	}
	defer snap.release()
	head, err := s.Head(ctx)
	if err != nil {
		return 0, err
	}
	rest, err := s.readTail(ctx, snap.head, head, func(r *event.Recorded) bool { return !r.Time.After(t) })
	if err != nil {
		return 0, err
	}
	if n := len(rest); n > 0 {
		return rest[n-1].Position, nil
	}
	return snap.lastAt(nanos(t))
}

// lastAt is the position of the last event at or before a time, or 0: it is in the last
// block of which any is.
func (s *snapshot) lastAt(t int64) (at event.Position, err error) {
	for segment := s.segments() - 1; segment >= 0 && at == 0 && err == nil; segment-- {
		if segment < len(s.sealed) && s.sealed[segment].span.min > t {
			continue
		}
		err = s.at(segment, func(v *view) (err error) {
			at, err = v.lastAt(t)
			return err
		})
	}
	return at, err
}

func (v *view) lastAt(t int64) (at event.Position, err error) {
	var last []blockEntry
	err = v.index.blocks(0, func(b blockEntry) bool {
		if b.first < v.count && b.span.min <= t {
			last = append(last[:0], b)
		}
		return b.first < v.count
	})
	if err != nil || len(last) == 0 {
		return 0, err
	}
	names := interner{}
	err = v.read(last, &reading{visit: func(k block) {
		for _, e := range k.events(nil, names, func(r record) bool { return r.time() <= t }) {
			at = e.Position
		}
	}})
	return at, err
}
