// Package repository loads aggregates from a store and appends what commands
// decide: load → decide → append, against one and the same version.
//
// Invariants:
//
//  1. A decision is appended only to the history that it has seen: the expected
//     version is that of the state it was made on.
//  2. A conflict is met by loading and deciding again, a bounded number of
//     times; the last conflict is returned as it is.
//  3. Repeating a command with the same event ids stores its events once.
package repository

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// maxAttempts bounds how often a command is decided again after a conflict.
const maxAttempts = 8

// Store is what a repository needs of an eventstore.Log.
type Store interface {
	Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error)
	Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error)
}

// Repository loads and changes aggregates of one kind.
type Repository[S, C, E any] struct {
	store      Store
	definition aggregate.Definition[S, C, E]
}

// New returns a repository of the aggregates that definition defines.
func New[S, C, E any](store Store, definition aggregate.Definition[S, C, E]) *Repository[S, C, E] {
	return &Repository[S, C, E]{store, definition}
}

// Load folds an aggregate's events. One without events is at version 0.
func (r *Repository[S, C, E]) Load(ctx context.Context, id uuid.UUID) (aggregate.Instance[S], error) {
	in := r.definition.New(id)
	recorded, err := r.store.Read(ctx, event.Aggregate{Type: r.definition.Type, ID: id}, 1)
	if err != nil {
		return in, err
	}
	return r.definition.Replay(in, recorded...)
}

// Execute decides a command on an aggregate, appends its events, and returns
// the aggregate as it is then. The error is that of the decision, as it is, or
// the store's.
func (r *Repository[S, C, E]) Execute(ctx context.Context, id uuid.UUID, command C) (aggregate.Instance[S], error) {
	return r.Change(ctx, id, func(in aggregate.Instance[S]) (aggregate.Commit[S], error) {
		return r.definition.Execute(in, command)
	})
}

// Change is Execute with a decision of the caller's making. decide may be called
// more than once.
func (r *Repository[S, C, E]) Change(ctx context.Context, id uuid.UUID, decide func(aggregate.Instance[S]) (aggregate.Commit[S], error)) (aggregate.Instance[S], error) {
	for attempt := 1; ; attempt++ {
		in, err := r.Load(ctx, id)
		if err != nil {
			return in, err
		}
		commit, err := decide(in)
		if err != nil || len(commit.Events) == 0 {
			return in, err
		}
		_, err = r.store.Append(ctx, event.Aggregate{Type: r.definition.Type, ID: id}, commit.Expected, commit.Events...)
		var conflict *eventstore.ConflictError
		if errors.As(err, &conflict) && attempt < maxAttempts {
			continue
		}
		if err != nil {
			return in, err
		}
		return commit.After, nil
	}
}
