package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Log is what an archive is a copy of. Every eventstore.Store is one.
type Log interface {
	Head(ctx context.Context) (event.Position, error)
	// ReadAll returns up to limit events from a position on; fewer only at the
	// log's end.
	ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error)
	// Follow yields everything after a position, and what is appended later.
	Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error]
}

// Follow copies the log into the archive until ctx is done, which is no error.
// It first compares the two, so a log that has lost or changed what the archive
// holds is a *DivergedError, and nothing of it is copied. Other errors are
// those of the log and of Append. One call at a time makes sense.
func (a *Archive) Follow(ctx context.Context, log Log) error {
	if err := a.Compare(ctx, log); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	return a.copy(ctx, log)
}

// copy appends what the log has after the head, until ctx is done, and begins
// anew where Heal has moved the head back. A log that turns out to be another
// one, as after a restart of its server, is a *DivergedError.
func (a *Archive) copy(ctx context.Context, log Log) error {
	for {
		a.writing.Lock() // not while Heal is at work
		after, _, err := a.watch()
		healed := a.healed
		a.writing.Unlock()
		if err != nil {
			return err
		}
		again, err := a.copyAfter(ctx, log, after, healed)
		switch {
		case again:
		case err == nil && ctx.Err() == nil:
			return fmt.Errorf("following the log after position %d: it ended without a reason", a.Head())
		case isNoLonger(err):
			return errors.Join(a.Compare(ctx, log), err)
		default:
			return err
		}
	}
}

// isNoLonger reports whether a log turned out not to hold what was read of it.
func isNoLonger(err error) bool {
	var gap *eventstore.GapError
	var changed *eventstore.ChangedError
	return errors.As(err, &gap) || errors.As(err, &changed)
}

// copyAfter reads ahead, so that an append does not hold up the log, and
// appends together what has come meanwhile. It returns early, and says so, when
// the archive has been healed.
func (a *Archive) copyAfter(ctx context.Context, log Log, after event.Position, healed <-chan struct{}) (again bool, err error) {
	following, stop := context.WithCancel(ctx)
	fetched, bytes := make(chan fetch, maxAhead), newAhead()
	go func() {
		defer close(fetched)
		for batch, err := range log.Follow(following, after) {
			bytes.put(following, batch)
			fetched <- fetch{batch, err}
		}
	}()
	for open := true; open && !again && err == nil; {
		var f fetch
		select {
		case f, open = <-fetched:
			if open {
				f = f.join(fetched)
				err = a.appendFetched(f)
				bytes.take(f.events)
			}
		case <-healed:
			again = true
		}
	}
	stop()
	for range fetched { // until the loop over the log has ended
	}
	select {
	case <-healed: // an append that did not fit any more is no error then
		return true, nil
	default:
		return false, err
	}
}

// appendFetched appends what was fetched, and then returns the log's error.
func (a *Archive) appendFetched(f fetch) error {
	if err := a.Append(f.events); err != nil {
		return err
	}
	if f.err != nil {
		return fmt.Errorf("following the log after position %d: %w", a.Head(), f.err)
	}
	return nil
}

// maxJoined is how many events are enough for an append. What a log yields at
// once then needs no joining.
const maxJoined = 1024

// fetch is what a log yields.
type fetch struct {
	events []event.Recorded
	err    error
}

// join returns f with what else has come, without waiting for it.
func (f fetch) join(fetched <-chan fetch) fetch {
	batches, events := [][]event.Recorded{f.events}, len(f.events)
	for open := true; open && f.err == nil && events < maxJoined; {
		select {
		case f, open = <-fetched:
			batches = append(batches, f.events)
			events += len(f.events)
		default:
			open = false
		}
	}
	if len(batches) > 1 {
		f.events = slices.Concat(batches...)
	}
	return f
}
