package upcast

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var _ eventstore.Store = (*Store)(nil)

// Store is an event store whose readers get current events.
type Store struct {
	eventstore.Store
	catalog *catalog.Catalog
}

// Wrap puts a catalog in front of a store, which the result owns: closing it
// closes store.
func Wrap(store eventstore.Store, c *catalog.Catalog) *Store { return &Store{store, c} }

// Append implements eventstore.Store. An event that the catalog could not read
// is a *catalog.NewerSchemaError or *catalog.UnknownTypeError, and nothing is
// stored.
func (s *Store) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	for i := range events {
		if err := s.admit(&events[i]); err != nil {
			return eventstore.Appended{}, fmt.Errorf("appending to %s: %w", agg, err)
		}
	}
	return s.Store.Append(ctx, agg, expected, events...)
}

func (s *Store) admit(e *event.Event) error {
	if err := s.catalog.Admit(e); err != nil {
		return fmt.Errorf("event %s: %w", e.ID, err)
	}
	return nil
}

// Read implements eventstore.Store. Where an event cannot be made current it
// returns those before it, and the error.
func (s *Store) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	events, err := s.Store.Read(ctx, agg, from)
	if err != nil {
		return events, err
	}
	return s.current(events)
}

// ReadAll implements eventstore.Store. Where an event cannot be made current it
// returns those before it, and the error.
func (s *Store) ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error) {
	events, err := s.Store.ReadAll(ctx, from, limit)
	if err != nil {
		return events, err
	}
	return s.current(events)
}

// Follow implements eventstore.Store. Where an event cannot be made current it
// yields those before it, then the error, and ends.
func (s *Store) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for batch, err := range s.Store.Follow(ctx, after) {
			if err != nil {
				yield(nil, err)
				return
			}
			batch, err := s.current(batch)
			if len(batch) > 0 && !yield(batch, nil) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// current returns the events as the catalog has them, up to the first for which
// there is an error. It copies them if one of them changes.
func (s *Store) current(events []event.Recorded) ([]event.Recorded, error) {
	shared := true
	for i := range events {
		r := events[i]
		if err := s.catalog.UpcastRecorded(&r); err != nil {
			return events[:i], err
		}
		if r.SchemaVersion == events[i].SchemaVersion {
			continue
		}
		if shared {
			events, shared = slices.Clone(events), false
		}
		events[i] = r
	}
	return events, nil
}

// Bulk implements eventstore.Store.
func (s *Store) Bulk(ctx context.Context) (eventstore.Bulk, error) {
	b, err := s.Store.Bulk(ctx)
	if err != nil {
		return nil, err
	}
	return &bulk{b, s}, nil
}

// bulk is an import of which every event can be read.
type bulk struct {
	eventstore.Bulk
	store *Store
}

func (b *bulk) Add(ctx context.Context, e event.Event) (bool, error) {
	if err := b.store.admit(&e); err != nil {
		return false, err
	}
	return b.Bulk.Add(ctx, e)
}
