package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// MaxAppend is the largest number of events in one append: the server's limit
// for an atomic batch.
const MaxAppend = 1000

// maxAttempts bounds how often an append that is not in conflict is tried
// again: one that expects nothing, against other writers of its aggregate, and
// a batch that the server gave up, after a pause.
const (
	maxAttempts  = 200
	droppedPause = 10 * time.Millisecond
)

// Append implements eventstore.Log.
func (s *Store) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	if err := s.checkAppend(ctx, agg, events); err != nil {
		return eventstore.Appended{}, err
	}
	if len(events) == 0 {
		at, err := s.readHead(ctx, agg)
		return eventstore.Appended{Version: at.version, Position: event.Position(at.sequence)}, err
	}
	at, err := s.append(ctx, agg, expected, events)
	if err == nil {
		err = s.flushAppend(ctx, agg, at)
	}
	if err != nil {
		return eventstore.Appended{}, err
	}
	return at, nil
}

// append stores events, or finds that they are stored. They may not be on disk.
func (s *Store) append(ctx context.Context, agg event.Aggregate, expected event.Expected, events []event.Event) (eventstore.Appended, error) {
	known, err := s.anyKnown(ctx, events)
	if err != nil {
		return eventstore.Appended{}, err
	}
	if known {
		return s.repetitionOr(ctx, nil, events)
	}
	var last error
	for attempt := range maxAttempts {
		at, err := s.headFor(ctx, agg, expected, attempt > 0)
		if conflict := (*eventstore.ConflictError)(nil); errors.As(err, &conflict) {
			return s.repetitionOr(ctx, err, events)
		}
		if err != nil {
			return eventstore.Appended{}, err
		}
		a, err := s.publish(ctx, agg, at, events)
		switch {
		case err == nil && !a.Duplicate:
			at = head{at.version + event.Version(len(events)), a.Sequence}
			s.heads.put(agg, at)
			return eventstore.Appended{Version: at.version, Position: event.Position(a.Sequence)}, nil
		case err == nil || refused(err, codeBatchDuplicate):
			return s.repetitionOr(ctx, err, events)
		}
		s.heads.forget(agg)
		last = err
		if dropped(err) {
			pause(ctx, droppedPause)
		} else if !stale(err) {
			break
		}
	}
	if err := s.flusher.unanswered(ctx, last); err != nil {
		return eventstore.Appended{}, err
	}
	return eventstore.Appended{}, explainAppend(agg, last)
}

func (s *Store) checkAppend(ctx context.Context, agg event.Aggregate, events []event.Event) error {
	select {
	case <-s.closed:
		return eventstore.ErrClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("appending to %s: %w", agg, err)
	}
	if err := s.flusher.refusal(); err != nil {
		return fmt.Errorf("appending to %s: %w", agg, err)
	}
	if len(events) > MaxAppend {
		return &eventstore.TooLargeError{What: "append", Unit: "events", Size: len(events), Limit: MaxAppend}
	}
	if err := event.ValidateTypeName(agg.Type); err != nil {
		return fmt.Errorf("appending to %s: aggregate type %w", agg, err)
	}
	if err := eventstore.CheckAppend(agg, events); err != nil {
		return fmt.Errorf("appending to %s: %w", agg, err)
	}
	return nil
}

// headFor returns where the aggregate stands if expected allows it, without
// asking the server where that is known; it asks if fresh.
func (s *Store) headFor(ctx context.Context, agg event.Aggregate, expected event.Expected, fresh bool) (head, error) {
	if !fresh {
		if !expected.IsAny() && expected.Version() == 0 {
			return head{}, nil
		}
		if at, ok := s.heads.get(agg); ok && expected.Allows(at.version) {
			return at, nil
		}
	}
	at, err := s.readHead(ctx, agg)
	if err == nil && !expected.Allows(at.version) {
		err = &eventstore.ConflictError{Aggregate: agg, Expected: expected, Actual: at.version}
	}
	return at, err
}

// publish sends events that shall follow at: one message, or a batch.
func (s *Store) publish(ctx context.Context, agg event.Aggregate, at head, events []event.Event) (answer, error) {
	messages := make([]*nats.Msg, len(events))
	for i := range events {
		m, err := s.message(&events[i], at.version+event.Version(i)+1)
		if err != nil {
			return answer{}, err
		}
		messages[i] = m
	}
	s.expect(messages[0], agg, at)
	if len(messages) > 1 {
		return s.publishBatch(ctx, messages)
	}
	reply, err := s.request(ctx, messages[0])
	if err != nil {
		return answer{}, err
	}
	return parseAnswer(reply)
}
