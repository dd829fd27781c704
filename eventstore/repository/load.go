package repository

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Load returns an aggregate as the log has it. One without events is at
// version 0.
func (r *Repository[S, C, E]) Load(ctx context.Context, id uuid.UUID) (aggregate.Instance[S], error) {
	at, err := r.load(ctx, id)
	return at.Instance, err
}

// rememberedLag is how many times Options.Every versions a snapshot may be behind
// an aggregate that is remembered: the snapshot is then only for other processes.
const rememberedLag = 8

// load begins with what is remembered, or a snapshot, if the log proves it, and
// with nothing otherwise.
func (r *Repository[S, C, E]) load(ctx context.Context, id uuid.UUID) (standing[S], error) {
	nothing, due := standing[S]{Instance: r.definition.New(id)}, r.options.Every
	for _, from := range []struct {
		begin func(context.Context, uuid.UUID) (standing[S], bool, error)
		due   int
	}{{r.remembered, rememberedLag * due}, {r.restored, due}} {
		at, found, err := from.begin(ctx, id)
		if err == nil && found {
			tail, readErr := r.store.Read(ctx, r.aggregate(id), at.Version)
			if readErr != nil {
				return nothing, readErr
			}
			if err = at.disproof(tail); err == nil {
				return r.fold(ctx, at, tail[1:], from.due)
			}
		}
		if err != nil {
			r.recent.forget(id)
			r.tellUnused(ctx, id, err)
			due = 1 // to replace it
		}
	}
	all, err := r.store.Read(ctx, r.aggregate(id), 1)
	if err != nil {
		return nothing, err
	}
	return r.fold(ctx, nothing, all, due)
}

// remembered returns an aggregate as it stood last.
func (r *Repository[S, C, E]) remembered(_ context.Context, id uuid.UUID) (at standing[S], found bool, err error) {
	at, found = r.recent.get(id)
	return at, found, nil
}

// restored returns what the aggregate's snapshot is of. The error is why it
// cannot be used.
func (r *Repository[S, C, E]) restored(ctx context.Context, id uuid.UUID) (at standing[S], found bool, err error) {
	if r.options.Snapshots == nil {
		return at, false, nil
	}
	s, found, err := r.options.Snapshots.Load(ctx, r.aggregate(id))
	if err != nil || !found {
		return at, false, err
	}
	if s.Aggregate != r.aggregate(id) || s.Version == 0 {
		return at, false, fmt.Errorf("it is of version %d of %s", s.Version, s.Aggregate)
	}
	if s.Digest != r.options.Digest {
		return at, false, errOtherCatalog
	}
	in, err := r.definition.Restore(s)
	return standing[S]{Instance: in, known: marks{long: s.Marks}, position: s.Position, eventID: s.EventID, saved: s.Version}, err == nil, err
}

var errOtherCatalog = errors.New("the event catalog has changed")

// disproof is why an aggregate does not stand so in the history whose end, from
// the last version in it on, is tail; nil if it does.
func (at *standing[S]) disproof(tail []event.Recorded) error {
	if len(tail) == 0 {
		return fmt.Errorf("its version %d is ahead of the log", at.Version)
	}
	if e := &tail[0]; e.Position != at.position || e.ID != at.eventID {
		return fmt.Errorf("it is of another history: its version %d is event %s at position %d, the log has event %s at position %d",
			at.Version, at.eventID, at.position, e.ID, e.Position)
	}
	if n := at.known.len(); n != markSize*int(at.Version) {
		return fmt.Errorf("it has %d bytes of marks, which are not those of %d events", n, at.Version)
	}
	return nil
}

// fold folds events that were read into an aggregate, remembers how it stands
// then, and takes a snapshot if the last one is due versions behind.
func (r *Repository[S, C, E]) fold(ctx context.Context, at standing[S], events []event.Recorded, due int) (standing[S], error) {
	at, err := r.after(at, events)
	if err != nil {
		return at, err
	}
	if r.options.Snapshots != nil && int(at.Version-at.saved) >= due {
		if err := r.save(ctx, at); err != nil {
			r.options.Logger.WarnContext(ctx, "a snapshot was not saved", "aggregate", r.aggregate(at.ID), "error", err)
		} else {
			at.saved = at.Version
		}
	}
	r.recent.put(at)
	return at, nil
}

// after is how an aggregate stands after further events.
func (r *Repository[S, C, E]) after(at standing[S], events []event.Recorded) (standing[S], error) {
	in, err := r.definition.Replay(at.Instance, events...)
	at.Instance = in
	if err != nil || len(events) == 0 {
		return at, err
	}
	last := &events[len(events)-1]
	at.known, at.position, at.eventID = at.known.with(events), last.Position, last.ID
	return at, nil
}

func (r *Repository[S, C, E]) save(ctx context.Context, at standing[S]) error {
	s, err := r.definition.Snapshot(at.Instance, &event.Recorded{
		Event:   event.Event{ID: at.eventID, Aggregate: r.aggregate(at.ID)},
		Version: at.Version, Position: at.position,
	})
	if err != nil {
		return err
	}
	s.Digest, s.Marks = r.options.Digest, at.known.bytes(0)
	return r.options.Snapshots.Save(ctx, s)
}

// appended remembers how an aggregate stands after events that were stored
// behind a version, if it is remembered at that version. The next load proves it
// like anything else.
func (r *Repository[S, C, E]) appended(before event.Version, id uuid.UUID, events []event.Event, where eventstore.Appended) {
	at, found := r.recent.get(id)
	if !found || where.Version != before+event.Version(len(events)) {
		return
	}
	recorded := make([]event.Recorded, len(events))
	for i, e := range events {
		e.SchemaVersion = max(e.SchemaVersion, 1) // as it is stored
		recorded[i] = event.Recorded{Event: e, Version: before + event.Version(i) + 1, Position: where.Position}
	}
	if at, err := r.after(at, recorded); err == nil { // else it is remembered at another version
		r.recent.put(at)
	}
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
