package repository

import (
	"context"
	"log/slog"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Store is what a repository needs of an event store, which says more about
// both.
type Store interface {
	Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error)
	// Read returns the aggregate's events from a version on.
	Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error)
}

// SnapshotStore keeps the newest snapshot of each aggregate, or forgets it. It
// is safe for concurrent use. A Load that finds what was not saved is an error.
type SnapshotStore interface {
	Load(ctx context.Context, agg event.Aggregate) (s aggregate.Snapshot, found bool, err error)
	Save(ctx context.Context, s aggregate.Snapshot) error
}

// Options says how a repository loads. The zero value is without snapshots, and
// that of each other field a sound choice.
type Options struct {
	// Snapshots is where snapshots are kept; nil for none. The aggregate's
	// definition needs a StateCodec.
	Snapshots SnapshotStore
	// Every is the number of events beyond a snapshot after which the next one
	// is taken: 100 if 0.
	Every int
	// Remember is how many aggregates are remembered in memory as they stood last,
	// so that a load reads and folds only what is new; up to twice as many are.
	// 256 if 0, none if it is negative. One takes its state and four bytes an
	// event. The aggregate's definition needs a Copy.
	Remember int
	// Digest identifies the catalog that the store reads through, if there is
	// one: with another upcaster, events amount to another state.
	Digest [32]byte
	// Logger is told what becomes of snapshots. The default discards.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Every <= 0 {
		o.Every = 100
	}
	if o.Remember == 0 {
		o.Remember = 256
	}
	o.Remember = max(o.Remember, 0)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
