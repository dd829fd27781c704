package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var _ eventstore.Store = (*Store)(nil)

// Store is an event store in memory.
type Store struct {
	mu         sync.RWMutex
	log        []event.Recorded // by position-1
	aggregates map[event.Aggregate][]event.Position
	ids        map[uuid.UUID]event.Position
	grown      chan struct{} // closed and replaced by each append, closed by Close
	closed     bool
}

// New returns an empty store.
func New() *Store {
	return &Store{
		aggregates: make(map[event.Aggregate][]event.Position),
		ids:        make(map[uuid.UUID]event.Position),
		grown:      make(chan struct{}),
	}
}

// Append implements eventstore.Store.
func (s *Store) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	if err := eventstore.CheckAppend(agg, events); err != nil {
		return eventstore.Appended{}, fmt.Errorf("appending to %s: %w", agg, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return eventstore.Appended{}, err
	}
	if len(events) == 0 {
		return s.standing(agg), nil
	}
	if at, stored, err := s.stored(events); stored || err != nil {
		return at, err
	}
	if actual := s.standing(agg).Version; !expected.Allows(actual) {
		return eventstore.Appended{}, &eventstore.ConflictError{Aggregate: agg, Expected: expected, Actual: actual}
	}
	for _, e := range events {
		s.add(canonical(e))
	}
	s.announce()
	return s.standing(agg), nil
}

// stored reports whether the events were appended before, all of them.
func (s *Store) stored(events []event.Event) (eventstore.Appended, bool, error) {
	var at eventstore.Appended
	found := 0
	for _, e := range events {
		pos, ok := s.ids[e.ID]
		if !ok {
			continue
		}
		r := &s.log[pos-1]
		if err := s.taken(pos, &e); err != nil {
			return at, false, err
		}
		found++
		at = eventstore.Appended{Version: r.Version, Position: pos, Duplicate: true}
	}
	if found > 0 && found < len(events) {
		return at, false, &eventstore.DuplicateIDError{ID: s.log[at.Position-1].ID, Position: at.Position}
	}
	return at, found > 0, nil
}

// taken is a *eventstore.DuplicateIDError if the event at pos, which has e's id,
// is another one.
func (s *Store) taken(pos event.Position, e *event.Event) error {
	if field := event.Differs(&s.log[pos-1].Event, e); field != "" {
		return &eventstore.DuplicateIDError{ID: e.ID, Position: pos, Differs: field}
	}
	return nil
}

func (s *Store) standing(agg event.Aggregate) eventstore.Appended {
	positions := s.aggregates[agg]
	if len(positions) == 0 {
		return eventstore.Appended{}
	}
	return eventstore.Appended{Version: event.Version(len(positions)), Position: positions[len(positions)-1]}
}

// add stores e, which is canonical.
func (s *Store) add(e event.Event) {
	pos := event.Position(len(s.log) + 1)
	positions := append(s.aggregates[e.Aggregate], pos)
	s.aggregates[e.Aggregate] = positions
	s.ids[e.ID] = pos
	s.log = append(s.log, event.Recorded{Event: e, Position: pos, Version: event.Version(len(positions))})
}

func (s *Store) announce() {
	close(s.grown)
	s.grown = make(chan struct{})
}

func (s *Store) usable(ctx context.Context) error {
	if s.closed {
		return eventstore.ErrClosed
	}
	return ctx.Err()
}

// Read implements eventstore.Store.
func (s *Store) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	positions := s.aggregates[agg]
	var out []event.Recorded
	for _, pos := range positions[min(uint64(len(positions)), uint64(max(from, 1))-1):] {
		out = append(out, s.log[pos-1])
	}
	return out, nil
}

// ReadCorrelation implements eventstore.Store, by a scan.
func (s *Store) ReadCorrelation(ctx context.Context, id uuid.UUID) ([]event.Recorded, error) {
	out, err := s.scan(ctx, func(r *event.Recorded) bool { return r.CorrelationID == id })
	slices.SortStableFunc(out, func(a, b event.Recorded) int { return a.Time.Compare(b.Time) })
	return out, err
}

// ReadTimeRange implements eventstore.Store, by a scan.
func (s *Store) ReadTimeRange(ctx context.Context, agg event.Aggregate, from, to time.Time) ([]event.Recorded, error) {
	all := agg == event.Aggregate{}
	return s.scan(ctx, func(r *event.Recorded) bool {
		return (all || r.Aggregate == agg) && !r.Time.Before(from) && !r.Time.After(to)
	})
}

func (s *Store) scan(ctx context.Context, want func(*event.Recorded) bool) ([]event.Recorded, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var out []event.Recorded
	for i := range s.log {
		if want(&s.log[i]) {
			out = append(out, s.log[i])
		}
	}
	return out, nil
}

// Version implements eventstore.Store.
func (s *Store) Version(ctx context.Context, agg event.Aggregate) (event.Version, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.standing(agg).Version, s.usable(ctx)
}

// ReadAll implements eventstore.Store.
func (s *Store) ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	return s.after(max(from, 1)-1, limit), nil
}

// Head implements eventstore.Store.
func (s *Store) Head(ctx context.Context) (event.Position, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return event.Position(len(s.log)), s.usable(ctx)
}

// Close implements eventstore.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.grown)
	}
	return nil
}

// canonical returns e as a reader shall see it, sharing nothing with e.
func canonical(e event.Event) event.Event {
	e.SchemaVersion = max(e.SchemaVersion, 1)
	e.Time = e.Time.UTC().Round(0)
	e.Data, e.Metadata = event.OneLine(e.Data), event.OneLine(e.Metadata)
	return e
}
