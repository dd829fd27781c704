package memory

import (
	"context"
	"iter"
	"slices"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// maxBatch bounds a batch of Follow, in events.
const maxBatch = 1024

// Follow implements eventstore.Store; batches have at most 1024 events.
func (s *Store) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for after := after; ctx.Err() == nil; {
			batch, grown, err := s.next(after)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(batch) > 0 {
				after = batch[len(batch)-1].Position
				if !yield(batch, nil) {
					return
				}
				continue
			}
			select {
			case <-ctx.Done():
			case <-grown:
			}
		}
	}
}

// next returns what there is after a position, and a channel that is closed
// when there is more.
func (s *Store) next(after event.Position) ([]event.Recorded, <-chan struct{}, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, nil, eventstore.ErrClosed
	}
	if head := event.Position(len(s.log)); after > head {
		return nil, nil, &eventstore.GapError{Expected: after + 1, Actual: head + 1}
	}
	return s.after(after, maxBatch), s.grown, nil
}

// after copies up to limit events after a position.
func (s *Store) after(after event.Position, limit int) []event.Recorded {
	if after >= event.Position(len(s.log)) || limit <= 0 {
		return nil
	}
	rest := s.log[after:]
	return slices.Clone(rest[:min(len(rest), limit)])
}
