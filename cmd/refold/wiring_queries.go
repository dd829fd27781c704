package main

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/plugins/rows"
)

// queries are the bounds that an executor declares; nil if it answers none.
func queries(q *config.Queries) *rows.Queries {
	if q == nil {
		return nil
	}
	return &rows.Queries{Timeout: q.Timeout.Std(), Rows: q.MaxRows, Bytes: q.MaxBytes}
}

// answers keeps the answers to queries in a log.
type answers struct {
	log   eventstore.Log
	types *catalog.Catalog // that the log is read through
}

// Recorded reports whether the log has the answer with an id.
func (a answers) Recorded(ctx context.Context, id uuid.UUID) (bool, error) {
	at, err := a.log.Version(ctx, effect.AnswerAggregate(id))
	return at > 0, passing(err)
}

// Record appends an answer, unless its aggregate has one.
func (a answers) Record(ctx context.Context, answer event.Event) error {
	err := appendFitting(ctx, a.log, a.types, event.None(), answer)
	var conflict *eventstore.ConflictError
	if !errors.As(err, &conflict) && !isRejected(err) {
		return passing(err)
	}
	if recorded, failure := a.Recorded(ctx, answer.ID); recorded || failure != nil {
		return failure
	}
	return &engine.UnfitAnswerError{Err: err}
}
