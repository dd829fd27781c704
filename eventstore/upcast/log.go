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

var _ eventstore.Log = (*Log)(nil)

// Log is a log whose readers get current events.
type Log struct {
	eventstore.Log
	catalog *catalog.Catalog
}

// Wrap puts a catalog in front of a log, which the result owns: closing it
// closes the log.
func Wrap(log eventstore.Log, c *catalog.Catalog) *Log { return &Log{log, c} }

// Append implements eventstore.Log. An event that the catalog could not read
// is a *catalog.NewerSchemaError or *catalog.UnknownTypeError, and nothing is
// stored.
func (l *Log) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	for i := range events {
		if err := l.admit(&events[i]); err != nil {
			return eventstore.Appended{}, fmt.Errorf("appending to %s: %w", agg, err)
		}
	}
	return l.Log.Append(ctx, agg, expected, events...)
}

func (l *Log) admit(e *event.Event) error {
	if err := l.catalog.Admit(e); err != nil {
		return fmt.Errorf("event %s: %w", e.ID, err)
	}
	return nil
}

// Read implements eventstore.Log. Where an event cannot be made current it
// returns those before it, and the error.
func (l *Log) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	events, err := l.Log.Read(ctx, agg, from)
	if err != nil {
		return events, err
	}
	return l.current(events)
}

// ReadAll implements eventstore.Log. Where an event cannot be made current it
// returns those before it, and the error.
func (l *Log) ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error) {
	events, err := l.Log.ReadAll(ctx, from, limit)
	if err != nil {
		return events, err
	}
	return l.current(events)
}

// Follow implements eventstore.Log. Where an event cannot be made current it
// yields those before it, then the error, and ends.
func (l *Log) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for batch, err := range l.Log.Follow(ctx, after) {
			if err != nil {
				yield(nil, err)
				return
			}
			batch, err := l.current(batch)
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
func (l *Log) current(events []event.Recorded) ([]event.Recorded, error) {
	shared := true
	for i := range events {
		r := events[i]
		if err := l.catalog.UpcastRecorded(&r); err != nil {
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

// Bulk implements eventstore.Log.
func (l *Log) Bulk(ctx context.Context) (eventstore.Bulk, error) {
	b, err := l.Log.Bulk(ctx)
	if err != nil {
		return nil, err
	}
	return &bulk{b, l}, nil
}

// bulk is an import of which every event can be read.
type bulk struct {
	eventstore.Bulk
	log *Log
}

func (b *bulk) Add(ctx context.Context, e event.Event) (bool, error) {
	if err := b.log.admit(&e); err != nil {
		return false, err
	}
	return b.Bulk.Add(ctx, e)
}
