package repository

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// maxAttempts bounds how often a command is decided again after a conflict.
const maxAttempts = 8

// Repository loads and changes aggregates of one kind.
type Repository[S, C, E any] struct {
	store      Store
	definition aggregate.Definition[S, C, E]
	options    Options
	recent     *recent[S]
}

// New returns a repository of the aggregates that definition defines.
func New[S, C, E any](store Store, definition aggregate.Definition[S, C, E], options Options) *Repository[S, C, E] {
	if options.Snapshots != nil && !definition.HasStateCodec() {
		options.withDefaults().Logger.Warn("no snapshots: the aggregate has no state codec", "aggregate_type", definition.Type)
		options.Snapshots = nil
	}
	options = options.withDefaults()
	remember := options.Remember
	if definition.Copy == nil {
		remember = 0
	}
	return &Repository[S, C, E]{store, definition, options, newRecent(remember, definition.Copy)}
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
	in, _, err := r.change(ctx, id, uuid.Nil, decide)
	return in, err
}

// change is ChangeOnce, or with the nil event id Change.
func (r *Repository[S, C, E]) change(ctx context.Context, id, eventID uuid.UUID, decide func(aggregate.Instance[S]) (aggregate.Commit[S], error)) (in aggregate.Instance[S], repeated bool, err error) {
	once := eventID != uuid.Nil
	for attempt := 1; ; attempt++ {
		loaded, err := r.load(ctx, id)
		in = loaded.Instance
		if err != nil {
			return in, false, err
		}
		if once && loaded.known.may(eventID) {
			if in, found, err := r.repeat(ctx, id, eventID, decide); found || err != nil {
				return in, found, err
			}
		}
		commit, err := decide(in)
		if err != nil || len(commit.Events) == 0 {
			return in, false, err
		}
		at, err := r.store.Append(ctx, r.aggregate(id), commit.Expected, commit.Events...)
		var conflict *eventstore.ConflictError
		if errors.As(err, &conflict) && attempt < maxAttempts {
			continue
		}
		var taken *eventstore.DuplicateIDError
		if errors.As(err, &taken) && attempt == 1 { // perhaps by the same command, meanwhile, at another time
			continue
		}
		switch {
		case err != nil:
			return in, false, err
		case at.Duplicate && once:
			in, found, err := r.repeat(ctx, id, eventID, decide)
			if !found && err == nil {
				err = fmt.Errorf("%s: the store says that it has event %s, and does not return it", r.aggregate(id), eventID)
			}
			return in, found, err
		case at.Duplicate: // stored before: After may have them twice
			in, err := r.Load(ctx, id)
			return in, true, err
		}
		r.appended(in.Version, id, commit.Events, at)
		return commit.After, false, nil
	}
}

func (r *Repository[S, C, E]) aggregate(id uuid.UUID) event.Aggregate {
	return event.Aggregate{Type: r.definition.Type, ID: id}
}
