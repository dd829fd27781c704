package repository

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

// Load returns an aggregate as the log has it. One without events is at
// version 0.
func (r *Repository[S, C, E]) Load(ctx context.Context, id uuid.UUID) (aggregate.Instance[S], error) {
	in, _, err := r.load(ctx, id)
	return in, err
}

// load is Load, with the marks of the aggregate's events.
func (r *Repository[S, C, E]) load(ctx context.Context, id uuid.UUID) (aggregate.Instance[S], marks, error) {
	due := r.options.Every
	kept, in, err := r.restore(ctx, id)
	if err == nil && kept != nil {
		tail, readErr := r.store.Read(ctx, kept.Aggregate, kept.Version)
		if readErr != nil {
			return r.definition.New(id), nil, readErr
		}
		if err = disproof(kept, tail); err == nil {
			return r.fold(ctx, in, kept.Marks, tail[1:], due)
		}
	}
	if err != nil {
		r.tellUnused(ctx, id, err)
		due = 1 // to replace it
	}
	all, err := r.store.Read(ctx, r.aggregate(id), 1)
	if err != nil {
		return r.definition.New(id), nil, err
	}
	return r.fold(ctx, r.definition.New(id), nil, all, due)
}

// restore returns the aggregate's snapshot and what it is of; nil if there is
// none. The error is why it cannot be used.
func (r *Repository[S, C, E]) restore(ctx context.Context, id uuid.UUID) (kept *aggregate.Snapshot, in aggregate.Instance[S], err error) {
	if r.options.Snapshots == nil {
		return nil, in, nil
	}
	s, found, err := r.options.Snapshots.Load(ctx, r.aggregate(id))
	if err != nil || !found {
		return nil, in, err
	}
	if s.Aggregate != r.aggregate(id) || s.Version == 0 {
		return nil, in, fmt.Errorf("it is of version %d of %s", s.Version, s.Aggregate)
	}
	if s.Digest != r.options.Digest {
		return nil, in, errOtherCatalog
	}
	in, err = r.definition.Restore(s)
	return &s, in, err
}

var errOtherCatalog = errors.New("the event catalog has changed")

// disproof is why a snapshot is not of the history whose end, from the
// snapshot's own version on, is tail; nil if it is.
func disproof(kept *aggregate.Snapshot, tail []event.Recorded) error {
	if len(tail) == 0 {
		return fmt.Errorf("its version %d is ahead of the log", kept.Version)
	}
	if e := &tail[0]; e.Position != kept.Position || e.ID != kept.EventID {
		return fmt.Errorf("it is of another history: its version %d is event %s at position %d, the log has event %s at position %d",
			kept.Version, kept.EventID, kept.Position, e.ID, e.Position)
	}
	if len(kept.Marks) != markSize*int(kept.Version) {
		return fmt.Errorf("it has %d bytes of marks, which are not those of %d events", len(kept.Marks), kept.Version)
	}
	return nil
}

// fold folds events into an instance and its marks, and takes a snapshot if they
// are as many as due.
func (r *Repository[S, C, E]) fold(ctx context.Context, in aggregate.Instance[S], known marks, events []event.Recorded, due int) (aggregate.Instance[S], marks, error) {
	in, err := r.definition.Replay(in, events...)
	if err != nil {
		return in, known, err
	}
	known = known.with(events)
	if len(events) < due {
		return in, known, nil
	}
	if err := r.save(ctx, in, known, &events[len(events)-1]); err != nil {
		r.options.Logger.WarnContext(ctx, "a snapshot was not saved", "aggregate", r.aggregate(in.ID), "error", err)
	}
	return in, known, nil
}

func (r *Repository[S, C, E]) save(ctx context.Context, in aggregate.Instance[S], known marks, last *event.Recorded) error {
	s, err := r.definition.Snapshot(in, last)
	if err != nil {
		return err
	}
	s.Digest, s.Marks = r.options.Digest, known
	return r.options.Snapshots.Save(ctx, s)
}

// tellUnused says why a snapshot was not used. That code or catalog have changed
// is no cause for alarm.
func (r *Repository[S, C, E]) tellUnused(ctx context.Context, id uuid.UUID, reason error) {
	level := slog.LevelWarn
	var revision *aggregate.RevisionError
	if errors.As(reason, &revision) || errors.Is(reason, errOtherCatalog) {
		level = slog.LevelInfo
	}
	r.options.Logger.Log(ctx, level, "a snapshot was not used", "aggregate", r.aggregate(id), "reason", reason)
}
