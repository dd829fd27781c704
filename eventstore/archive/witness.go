package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Counter is a log that knows of holes without being read.
type Counter interface {
	// Missing returns the first position up to the log's end without an event, or
	// 0.
	Missing(ctx context.Context) (event.Position, error)
}

// Compare holds the log, as it is stored, against the archive: the log must be at least as long,
// and its event at the archive's head, or at its own head if it is shorter,
// must be the archived one. If not, the error is a *DivergedError. Where the
// events differ, its position is found by bisection: the event there differs
// and the one before it does not, and if the log differs in everything from
// some position on, that is the position.
//
// A log that counts its events (Counter) must have all that the archive has.
// Any other change in the midst of a log that agrees at the head does not show.
func (a *Archive) Compare(ctx context.Context, log Log) error {
	s, err := a.snapshot()
	if err != nil {
		return err
	}
	defer s.release()
	logHead, err := log.Head(ctx)
	if err != nil {
		return fmt.Errorf("comparing the archive with the log: %w", err)
	}
	at := min(s.head, logHead)
	position, reason, err := s.firstDifference(ctx, log, at)
	if err != nil {
		return fmt.Errorf("comparing the archive with the log: %w", err)
	}
	if position == 0 && logHead < s.head {
		position, reason = logHead+1, noEvent
	}
	if counter, ok := log.(Counter); ok {
		missing, err := counter.Missing(ctx)
		if err != nil {
			return fmt.Errorf("comparing the archive with the log: %w", err)
		}
		if missing > 0 && missing <= s.head && (position == 0 || missing < position) {
			position, reason = missing, noEvent
		}
	}
	if position == 0 {
		return nil
	}
	return &DivergedError{Position: position, Archive: s.head, Log: logHead, Reason: reason}
}

// firstDifference looks for the first difference at a position of at most at;
// it returns 0 if there is none at that position.
func (s *snapshot) firstDifference(ctx context.Context, log Log, at event.Position) (event.Position, string, error) {
	if at == 0 {
		return 0, "", nil
	}
	reason, err := s.difference(ctx, log, at)
	if reason == "" || err != nil {
		return 0, "", err
	}
	same, differs := event.Position(0), at
	for differs-same > 1 {
		middle := same + (differs-same)/2
		r, err := s.difference(ctx, log, middle)
		switch {
		case err != nil:
			return 0, "", err
		case r == "":
			same = middle
		default:
			differs, reason = middle, r
		}
	}
	return differs, reason, nil
}

// difference says how the log's event at a position differs from the archived
// one; it is empty if they are equal.
func (s *snapshot) difference(ctx context.Context, log Log, at event.Position) (string, error) {
	archived, err := s.readStored(at, 1)
	if err != nil {
		return "", err
	}
	logged, err := log.ReadAll(ctx, at, 1)
	if reason := absence(err); reason != "" {
		return reason, nil
	}
	if err != nil {
		return "", err
	}
	if len(logged) == 0 || len(archived) == 0 {
		return noEvent, nil
	}
	return event.Difference(&archived[0], &logged[0]), nil
}

const noEvent = "it has no event"

// absence says of an error of reading the log that there is no event where one
// was; it is empty for other errors.
func absence(err error) string {
	var gap *eventstore.GapError
	var unreadable *eventstore.UnreadableError
	switch {
	case errors.As(err, &gap):
		return noEvent
	case errors.As(err, &unreadable):
		return "it has a message that is no event (" + unreadable.Reason + ")"
	}
	return ""
}

// missingBatch is the number of events in a batch of Missing.
const missingBatch = 1024

// Missing yields the archived events from a position on, as they were stored:
// what a log that lost them needs back. Batches belong to the loop's body, also later.
func (a *Archive) Missing(from event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		s, err := a.snapshot()
		if err != nil {
			yield(nil, err)
			return
		}
		defer s.release()
		for from := max(from, 1); from <= s.head; {
			batch, err := s.readStored(from, missingBatch)
			if !yield(batch, err) || err != nil {
				return
			}
			from += event.Position(len(batch))
		}
	}
}
