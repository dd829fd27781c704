package archive

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// ReadAll returns up to limit events with a position of at least from, in
// ascending order; fewer only at the archive's end.
func (a *Archive) ReadAll(from event.Position, limit int) ([]event.Recorded, error) {
	s, err := a.snapshot()
	if err != nil {
		return nil, err
	}
	defer s.release()
	return s.readAll(from, limit)
}

func (s *snapshot) readAll(from event.Position, limit int) ([]event.Recorded, error) {
	return s.readPage(from, limit, (*block).events)
}

// readStored is readAll for the form in which the log has the events.
func (s *snapshot) readStored(from event.Position, limit int) ([]event.Recorded, error) {
	return s.readPage(from, limit, (*block).stored)
}

func (s *snapshot) readPage(from event.Position, limit int, events func(*block, []event.Recorded, interner, func(record) bool) []event.Recorded) ([]event.Recorded, error) {
	from = max(from, 1)
	if limit <= 0 || from > s.head {
		return nil, nil
	}
	until := s.head + 1
	if uint64(limit) < uint64(until-from) {
		until = from + event.Position(limit)
	}
	out := make([]event.Recorded, 0, until-from)
	names := interner{}
	want := func(r record) bool { return r.position() >= from && r.position() < until }
	err := s.read(reading{
		from:  from,
		block: func(v *view, b blockEntry) (bool, error) { return v.first+event.Position(b.first) < until, nil },
		more:  func() bool { return event.Position(len(out)) < until-from },
		visit: func(k block) { out = events(&k, out, names, want) },
	})
	return out, err
}

// Aggregate returns an aggregate's events with a version of at least from, in
// ascending order.
func (a *Archive) Aggregate(agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	s, err := a.snapshot()
	if err != nil {
		return nil, err
	}
	defer s.release()
	return s.aggregate(agg, from)
}

func (s *snapshot) aggregate(agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	from = max(from, 1)
	var parts [][]event.Recorded // newest first
	for segment, reached := s.segments()-1, false; segment >= 0 && !reached; segment-- {
		err := s.at(segment, func(v *view) error {
			part, found, err := v.aggregate(agg, from)
			if err == nil && len(part) > 0 {
				parts = append(parts, part)
			}
			reached = found != 0 && found <= from
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Reverse(parts)
	out := slices.Concat(parts...)
	return out, checkVersions(agg, from, out)
}

// aggregate returns a segment's events of an aggregate, and the version of the
// first of them without regard to from; 0 if there is none.
func (v *view) aggregate(agg event.Aggregate, from event.Version) ([]event.Recorded, event.Version, error) {
	p, ok, err := v.index.aggregate(agg)
	if !ok || err != nil {
		return nil, 0, err
	}
	skip := uint32(0)
	if from > p.first {
		skip = uint32(min(from-p.first, event.Version(p.count)))
	}
	list, err := v.index.list(p, skip)
	if err != nil {
		return nil, 0, err
	}
	list = v.within(list)
	if len(list) == 0 && skip == 0 {
		return nil, 0, nil // all of them are younger than the snapshot
	}
	events, err := v.events(list)
	return events, p.first, err
}

// checkVersions makes sure that no event of an aggregate is missing.
func checkVersions(agg event.Aggregate, from event.Version, events []event.Recorded) error {
	for i := range events {
		r, want := &events[i], from+event.Version(i)
		if r.Version != want || r.Aggregate != agg {
			return &eventstore.VersionGapError{Aggregate: agg, Position: r.Position, Expected: want, Actual: r.Version}
		}
	}
	return nil
}

// last returns where an aggregate's last event stands, 0 and 0 if it has none.
func (s *snapshot) last(agg event.Aggregate) (version event.Version, at event.Position, err error) {
	for segment := s.segments() - 1; segment >= 0 && version == 0 && err == nil; segment-- {
		err = s.at(segment, func(v *view) error {
			version, at, err = v.last(agg)
			return err
		})
	}
	return version, at, err
}

func (v *view) last(agg event.Aggregate) (event.Version, event.Position, error) {
	p, ok, err := v.index.aggregate(agg)
	if !ok || err != nil {
		return 0, 0, err
	}
	skip := p.count - 1
	list, err := v.index.list(p, skip)
	if err == nil && len(v.within(list)) == 0 { // it is younger than the snapshot
		skip = 0
		list, err = v.index.list(p, 0)
	}
	list = v.within(list)
	if err != nil || len(list) == 0 {
		return 0, 0, err
	}
	n := len(list) - 1
	return p.first + event.Version(skip) + event.Version(n), v.first + event.Position(list[n].ordinal), nil
}

// Correlation returns all events of a correlation, by event time; those of one
// time by position.
func (a *Archive) Correlation(id uuid.UUID) ([]event.Recorded, error) {
	s, err := a.snapshot()
	if err != nil {
		return nil, err
	}
	defer s.release()
	out, err := s.correlation(id)
	sortByTime(out)
	return out, err
}

// correlation returns the events by position.
func (s *snapshot) correlation(id uuid.UUID) ([]event.Recorded, error) {
	var out []event.Recorded
	for segment := range s.segments() {
		err := s.at(segment, func(v *view) error {
			p, ok, err := v.index.correlation(id)
			if !ok || err != nil {
				return err
			}
			list, err := v.index.list(p, 0)
			if err != nil {
				return err
			}
			events, err := v.events(v.within(list))
			out = append(out, events...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sortByTime sorts events, which are in the order of their positions.
func sortByTime(events []event.Recorded) {
	slices.SortStableFunc(events, func(a, b event.Recorded) int { return a.Time.Compare(b.Time) })
}

// TimeRange returns the events that happened between two times, both included,
// by position. A range that ends before it begins has none.
func (a *Archive) TimeRange(from, to time.Time) ([]event.Recorded, error) {
	s, err := a.snapshot()
	if err != nil {
		return nil, err
	}
	defer s.release()
	return s.timeRange(from, to)
}

func (s *snapshot) timeRange(from, to time.Time) ([]event.Recorded, error) {
	span := timeSpan{nanos(from), nanos(to)}
	if span.min > span.max {
		return nil, nil
	}
	var out []event.Recorded
	names := interner{}
	want := func(r record) bool { return span.has(r.time()) }
	err := s.read(reading{
		segment: func(s *sealed) bool { return s.span.meets(span) },
		block:   func(_ *view, b blockEntry) (bool, error) { return b.span.meets(span), nil },
		visit:   func(k block) { out = k.events(out, names, want) },
	})
	return out, err
}

// Find returns the position of the event with an id.
func (a *Archive) Find(id uuid.UUID) (event.Position, bool, error) {
	s, err := a.snapshot()
	if err != nil {
		return 0, false, err
	}
	defer s.release()
	var at event.Position
	for segment := s.segments() - 1; segment >= 0 && at == 0 && err == nil; segment-- {
		err = s.at(segment, func(v *view) error {
			ordinal, ok, err := v.index.find(id)
			if ok && ordinal < v.count {
				at = v.first + event.Position(ordinal)
			}
			return err
		})
	}
	return at, at != 0, err
}
