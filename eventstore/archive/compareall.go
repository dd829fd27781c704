package archive

import (
	"context"
	"errors"

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
	for from := event.Position(1); from <= s.head; from += missingBatch {
		if err := s.comparePage(ctx, log, from, head); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// comparePage compares the events of one batch from a position on.
func (s *snapshot) comparePage(ctx context.Context, log Log, from, head event.Position) error {
	archived, err := s.readAll(from, missingBatch)
	if err != nil {
		return err
	}
	logged, err := log.ReadAll(ctx, from, len(archived))
	if err != nil {
		return err
	}
	if len(logged) < len(archived) {
		return errors.New("comparing the log with its archive: the log has become shorter meanwhile")
	}
	for i := range archived {
		if reason := compareEvents(&archived[i], &logged[i]); reason != "" {
			return &DivergedError{Position: archived[i].Position, Archive: s.head, Log: head, Reason: reason}
		}
	}
	return nil
}
