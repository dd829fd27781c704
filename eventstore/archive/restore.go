package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Restore appends to the log what the archive holds behind the log's end, as it
// was stored, and returns how many events those are. All that the log has must
// be as in the archive: if not, nothing is appended and the error is a
// *DivergedError with a position of at most the log's head.
func (a *Archive) Restore(ctx context.Context, log eventstore.Log) (restored int, err error) {
	s, err := a.snapshot()
	if err != nil {
		return 0, err
	}
	defer s.release()
	head, err := log.Head(ctx)
	if err == nil {
		err = s.compareThrough(ctx, log, min(s.head, head), head)
	}
	if err != nil {
		return 0, fmt.Errorf("restoring the log: %w", err)
	}
	return refill(ctx, log, a.Missing(head+1))
}

// Refilled counts the events of a log that was filled anew.
type Refilled struct {
	Archived int // from the archive
	Saved    int // behind them, from the log that has become unsound
	Unsaved  int // positions of that log behind them, which could not be read
}

// Refill fills an empty log with what the archive holds and with what another
// log, which has become unsound, holds behind that, up to the first event that
// cannot be read: what is behind a hole would get other positions. The log is
// then compared with the archive, event by event.
func (a *Archive) Refill(ctx context.Context, empty eventstore.Log, unsound Log) (r Refilled, err error) {
	if r.Archived, err = refill(ctx, empty, a.Missing(1)); err != nil {
		return r, err
	}
	if r.Saved, err = refill(ctx, empty, readable(ctx, unsound, event.Position(r.Archived)+1)); err != nil {
		return r, err
	}
	if head, err := unsound.Head(ctx); err == nil {
		r.Unsaved = max(int(head)-r.Archived-r.Saved, 0)
	}
	return r, a.CompareAll(ctx, empty)
}

// readable yields what a log has from a position on, up to the first event that
// cannot be read.
func readable(ctx context.Context, log Log, from event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for {
			batch, err := log.ReadAll(ctx, from, missingBatch)
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			if len(batch) == 0 || !yield(batch, nil) || err != nil {
				return
			}
			from += event.Position(len(batch))
		}
	}
}

// Salvage yields what an unsound log has from a position on, and passes over what
// cannot be read. An error ends it that is not about the log's content.
func Salvage(ctx context.Context, unsound Log, from event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for {
			batch, err := unsound.ReadAll(ctx, from, missingBatch)
			if len(batch) > 0 && !yield(batch, nil) {
				return
			}
			from += event.Position(len(batch))
			var gap *eventstore.GapError
			var unreadable *eventstore.UnreadableError
			switch {
			case errors.As(err, &gap) && gap.Actual > from:
				from = gap.Actual
			case errors.As(err, &unreadable) && unreadable.Position >= from:
				from = unreadable.Position + 1
			case err != nil:
				yield(nil, err)
				return
			case len(batch) == 0:
				return
			}
		}
	}
}

// refill imports events, which the log must not have.
func refill(ctx context.Context, log eventstore.Log, batches iter.Seq2[[]event.Recorded, error]) (n int, err error) {
	bulk, err := log.Bulk(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, bulk.Close()) }()
	for batch, err := range batches {
		if err != nil {
			return n, err
		}
		for i := range batch {
			added, err := bulk.Add(ctx, batch[i].Event)
			if err == nil && !added {
				err = &eventstore.DuplicateIDError{ID: batch[i].ID, Position: batch[i].Position}
			}
			if err != nil {
				return n, fmt.Errorf("putting back the event of position %d: %w", batch[i].Position, err)
			}
			n++
		}
	}
	return n, bulk.Flush(ctx)
}
