package archive

import (
	"context"
	"fmt"

	"github.com/refold-dev/refold/domain/event"
)

// CompareAll is Compare for every event: it reads both from their beginning and
// returns the first difference as a *DivergedError. It also finds a change in
// the midst of a log that agrees at its end.
func (a *Archive) CompareAll(ctx context.Context, log Log) error {
	if err := a.Compare(ctx, log); err != nil {
		return err
	}
	s, err := a.snapshot()
	if err != nil {
		return err
	}
	defer s.release()
	head, err := log.Head(ctx)
	if err != nil {
		return err
	}
	return s.compareThrough(ctx, log, s.head, head)
}

// compareThrough compares the events up to a position of a log that ends at
// head.
func (s *snapshot) compareThrough(ctx context.Context, log Log, through, head event.Position) error {
	for from := event.Position(1); from <= through; from += missingBatch {
		if err := s.comparePage(ctx, log, from, min(through, from+missingBatch-1), head); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// comparePage compares the events from a position through another one.
func (s *snapshot) comparePage(ctx context.Context, log Log, from, through, head event.Position) error {
	archived, err := s.readStored(from, int(through-from)+1)
	if err != nil {
		return err
	}
	logged, err := log.ReadAll(ctx, from, len(archived))
	for i := range archived {
		reason := absence(err)
		switch {
		case i < len(logged):
			reason = event.Difference(&archived[i], &logged[i])
		case err != nil && reason == "":
			return fmt.Errorf("comparing the log with its archive: %w", err)
		case err == nil:
			reason = noEvent
		}
		if reason != "" {
			return &DivergedError{Position: archived[i].Position, Archive: s.head, Log: head, Reason: reason}
		}
	}
	return nil
}
