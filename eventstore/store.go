package eventstore

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// Store is a log that also answers what needs an index over all of it. Every
// read is as current as the log: it has all that was acknowledged before the
// call.
type Store interface {
	Log

	// ReadCorrelation returns the events of all aggregates that belong to a
	// correlation, by event time; those of one time by position. An unknown
	// correlation has none; that is no error.
	ReadCorrelation(ctx context.Context, id uuid.UUID) ([]event.Recorded, error)

	// ReadTimeRange returns an aggregate's events that happened between two
	// times, both included, by position; with the zero aggregate, those of all
	// aggregates. A range that ends before it begins has none.
	ReadTimeRange(ctx context.Context, agg event.Aggregate, from, to time.Time) ([]event.Recorded, error)
}

// Log is an append-only log of events. Its methods are safe for concurrent
// use. The slices that an event's Data and Metadata point to belong to the
// store: readers must not change them.
type Log interface {
	// Append stores events at the end of their aggregate and returns where the
	// last of them stands. Several events are stored all or none. Without
	// events it writes nothing, checks nothing and returns where the aggregate
	// stands.
	//
	// Repeating an append is safe: when all its events are stored already, as
	// they are appended (see event.Differs), it succeeds, writes nothing and says
	// Duplicate. The errors are
	// *ConflictError, *DuplicateIDError, *ForeignEventError, *TooLargeError,
	// *event.FieldError, *UnknownOutcomeError and *FlushError.
	Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (Appended, error)

	// Read returns the aggregate's events with a version of at least from, in
	// ascending order. An unknown aggregate has none; that is no error.
	Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error)

	// Version returns the version of the aggregate's last event, 0 if it has
	// none. It does not read the aggregate's events.
	Version(ctx context.Context, agg event.Aggregate) (event.Version, error)

	// ReadAll returns up to limit events of the whole log with a position of at
	// least from, in ascending order. It returns fewer only at the log's end.
	ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error)

	// Head returns the position of the log's last event, 0 if it is empty.
	Head(ctx context.Context) (event.Position, error)

	// Follow yields everything after position after, in order, in batches that
	// are never empty: first what is stored, then what is appended, for as long
	// as the loop runs. It blocks while there is nothing new. It ends quietly
	// when ctx is done, and after yielding one error: *GapError or
	// *UnreadableError if the log is not what it should be. Leaving the loop
	// releases what it holds. A batch belongs to the loop's body, also later.
	Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error]

	// Bulk begins an import.
	Bulk(ctx context.Context) (Bulk, error)

	// Close releases the store. Loops over Follow end with an error. Closing
	// twice is fine.
	Close() error
}

// Appended says where an append's last event stands.
type Appended struct {
	Version  event.Version
	Position event.Position
	// Duplicate is set when the events had been stored before.
	Duplicate bool
}

// Bulk imports events in the order of the calls and gives them the next
// versions of their aggregates. It is used by one goroutine; other writers may
// write to the store meanwhile.
type Bulk interface {
	// Add takes an event for storing. It returns false, and stores nothing, if
	// the log or this import has the event. If they have another one of its id,
	// the error is a *DuplicateIDError and the import can go on. What Add took is
	// durable after Flush, and not before.
	Add(ctx context.Context, e event.Event) (added bool, err error)
	// Flush returns when everything added is stored. It is a *DuplicateIDError
	// if somebody else has stored another event of an id meanwhile. After an error the import
	// is over: whether the events since the last Flush are stored is unknown,
	// and importing the same events again is safe.
	Flush(ctx context.Context) error
	// Close drops what has not been flushed and releases the import. Closing
	// twice is fine.
	Close() error
}

// CheckAppend reports why events cannot be appended to agg, whatever the
// state of the log: an event that breaks a rule of its own, that is about
// another aggregate, or that appears twice.
func CheckAppend(agg event.Aggregate, events []event.Event) error {
	for i := range events {
		e := &events[i]
		if e.Aggregate != agg {
			return &ForeignEventError{Aggregate: agg, Event: e.ID, EventAggregate: e.Aggregate}
		}
		if err := e.Validate(); err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		for j := range events[:i] {
			if events[j].ID == e.ID {
				return &DuplicateIDError{ID: e.ID}
			}
		}
	}
	return nil
}
