package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Querier answers Query effects.
type Querier interface {
	Query(ctx context.Context, q effect.Effect) (answer json.RawMessage, err error)
}

// Answers is where the answers to queries are kept: the event log.
type Answers interface {
	// Recorded reports whether the answer with an id is there: see
	// effect.AnswerAggregate.
	Recorded(ctx context.Context, id uuid.UUID) (bool, error)
	// Record appends an answer as its aggregate's first event. Where another one is
	// there already, that one is the answer, and it is no error. An event that the
	// log never takes is an *UnfitAnswerError.
	Record(ctx context.Context, answer event.Event) error
}

// UnfitAnswerError is an answer that the log never takes, such as one that is too
// large.
type UnfitAnswerError struct{ Err error }

func (e *UnfitAnswerError) Error() string { return "recording its answer: " + e.Err.Error() }
func (e *UnfitAnswerError) Unwrap() error { return e.Err }

// part is a batch without queries, and the queries that are asked behind it: those
// of the event with which the next part begins.
type part struct {
	batch   effect.Batch
	queries []effect.Effect
}

// cut cuts a batch before each event that has queries.
func cut(b effect.Batch) (parts []part) {
	rest := b
	rest.Effects = nil
	for left := b.Effects; len(left) > 0; {
		n := 1
		for n < len(left) && left[n].Cause == left[0].Cause {
			n++
		}
		queries, others := sorted(left[:n])
		if len(queries) > 0 {
			before := rest
			if rest.Effects = nil; !b.Late {
				before.Through = left[0].Cause - 1
				rest.After = before.Through
			}
			parts = append(parts, part{before, queries})
		}
		rest.Effects = append(rest.Effects, others...)
		left = left[n:]
	}
	return append(parts, part{batch: rest})
}

// sorted are the queries of one event, and its other effects.
func sorted(effects []effect.Effect) (queries, others []effect.Effect) {
	for i := range effects {
		if effects[i].Kind == effect.Query {
			queries = append(queries, effects[i])
		} else {
			others = append(others, effects[i])
		}
	}
	return queries, others
}

// ask has an event's queries answered, those that are due, in their order.
func (o *Outlet) ask(ctx, hurry context.Context, b *effect.Batch, queries []effect.Effect) (attempts int, err error) {
	at := max(o.Position(), event.Position(o.suppressed.Load()))
	for i := range queries {
		if !b.Late && queries[i].Cause <= at {
			continue
		}
		if attempts, err = o.askOne(ctx, hurry, b, &queries[i]); err != nil {
			return attempts, err
		}
	}
	return 0, nil
}

func (o *Outlet) askOne(ctx, hurry context.Context, b *effect.Batch, q *effect.Effect) (attempts int, err error) {
	t := o.begin(hurry)
	defer t.end()
	for {
		t.attempts++
		err := o.answerOnce(ctx, b, q)
		if err == nil {
			return t.attempts, nil
		}
		if cause, ordinal, poisoned := Poisoned(err); poisoned && o.policy.DeadLetters && cause == q.Cause && ordinal == q.Ordinal {
			o.leave(*q, err)
			return t.attempts, nil
		}
		if !t.again(err) {
			return t.attempts, err
		}
	}
}

// answer has a query answered once and for all: what is recorded is the answer,
// whoever has recorded it.
func (o *Outlet) answer(ctx context.Context, pipeline string, q *effect.Effect) error {
	recorded, err := o.answers.Recorded(ctx, effect.EventID(pipeline, q.Cause, q.Ordinal))
	if err != nil {
		return fmt.Errorf("looking for a query's answer: %w", err)
	}
	if recorded {
		return nil
	}
	text, err := o.querier.Query(ctx, *q)
	if err != nil {
		return err
	}
	answer, err := effect.AnswerEvent(pipeline, q, text)
	if err != nil {
		return &effect.PoisonError{Cause: q.Cause, Ordinal: q.Ordinal, Err: &UnfitAnswerError{err}}
	}
	err = o.answers.Record(ctx, answer)
	var unfit *UnfitAnswerError
	if errors.As(err, &unfit) {
		return &effect.PoisonError{Cause: q.Cause, Ordinal: q.Ordinal, Err: unfit}
	}
	if err != nil {
		return fmt.Errorf("recording a query's answer: %w", err)
	}
	return nil
}
