package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// followBatch bounds a batch of Store.Follow, in events.
const followBatch = 1024

// Follow implements eventstore.Store; batches have at most 1024 events. They
// are read from the archive, so a loop that is slow holds up nobody. When the
// log can not be followed any more, all loops end with the reason, but those
// that begin behind what is no event: they follow the log.
func (s *Store) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		if err := s.checkStart(ctx, after); err != nil {
			if ctx.Err() == nil {
				yield(nil, err)
			}
			return
		}
		for after := after; ctx.Err() == nil; {
			batch, err := s.next(ctx, after)
			if ctx.Err() != nil && len(batch) == 0 {
				return
			}
			if passes(after, err) {
				s.log.Follow(ctx, after)(yield)
				return
			}
			if !yield(batch, err) || err != nil {
				return
			}
			after = batch[len(batch)-1].Position
		}
	}
}

// passes reports whether err is about something that is no event, and that a
// loop after a position has passed over.
func passes(after event.Position, err error) bool {
	var unreadable *eventstore.UnreadableError
	return errors.As(err, &unreadable) && unreadable.Position <= after
}

// checkStart makes sure that the log reaches as far as a loop is to begin.
func (s *Store) checkStart(ctx context.Context, after event.Position) error {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	snap.release()
	if after <= snap.head {
		return nil
	}
	head, err := s.Head(ctx)
	if err == nil && after > head {
		err = &eventstore.GapError{Expected: after + 1, Actual: head + 1}
	}
	return err
}

// next returns what there is after a position, and waits until there is
// something. It returns nothing when ctx is done.
func (s *Store) next(ctx context.Context, after event.Position) ([]event.Recorded, error) {
	for {
		stopped := s.isStopped() // asked first: what was copied before that is there
		head, grown, err := s.archive.watch()
		if errors.Is(err, ErrClosed) {
			err = eventstore.ErrClosed
		}
		if err != nil {
			return nil, err
		}
		if head > after {
			return s.archived(after+1, followBatch)
		}
		if stopped {
			return nil, s.whyStopped()
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case <-grown:
		case <-s.stopped:
		}
	}
}

// Level returns once the archive has all that the log has now. The error is why
// the log cannot be followed so far.
func (s *Store) Level(ctx context.Context) error {
	head, err := s.Head(ctx)
	for err == nil && s.archive.Head() < head {
		_, err = s.next(ctx, s.archive.Head())
		if err == nil {
			err = ctx.Err()
		}
	}
	return err
}

func (s *Store) isStopped() bool {
	select {
	case <-s.stopped:
		return true
	default:
		return false
	}
}

// whyStopped is the reason why the log is not followed any more.
func (s *Store) whyStopped() error {
	if errors.As(s.followErr, new(*fs.PathError)) { // such as a full disk, which may have room by now
		return fmt.Errorf("the archive is not written any more until the engine is started anew: %w", s.followErr)
	}
	if s.followErr != nil {
		return s.followErr
	}
	return eventstore.ErrClosed
}

// archived is Archive.ReadAll with the errors of a store.
func (s *Store) archived(from event.Position, limit int) ([]event.Recorded, error) {
	events, err := s.archive.ReadAll(from, limit)
	if errors.Is(err, ErrClosed) {
		err = eventstore.ErrClosed
	}
	return events, err
}
