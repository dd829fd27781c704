package repository

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

// ReusedIDError is a command whose event id is that of an event which does not
// follow from it: two commands have been given one id.
type ReusedIDError struct {
	ID       uuid.UUID
	Position event.Position // of the event that has the id
	Type     string         // of that event
	Err      error          // why the command would be refused where the event was recorded; or nil
}

func (e *ReusedIDError) Error() string {
	return fmt.Sprintf("id %s is taken by another command, whose %s event is at position %d", e.ID, e.Type, e.Position)
}

func (e *ReusedIDError) Unwrap() error { return e.Err }

// ChangeOnce is Change for a decision that is known by the id of its first
// event, and is carried out once, whatever has happened to the aggregate since.
// When the aggregate has the event, the decision is made again on the state
// before that event, to see that it is the same one, nothing is appended, and
// the instance is what it was after the decision's events. The error is then a
// *[ReusedIDError] if other events follow from the decision than were recorded;
// their ids, times, correlations and causes do not count.
func (r *Repository[S, C, E]) ChangeOnce(ctx context.Context, id, eventID uuid.UUID, decide func(aggregate.Instance[S]) (aggregate.Commit[S], error)) (in aggregate.Instance[S], repeated bool, err error) {
	return r.change(ctx, id, eventID, decide)
}

// repeat is what ChangeOnce does when the aggregate may have the event; it has
// not if found is false.
func (r *Repository[S, C, E]) repeat(ctx context.Context, id, eventID uuid.UUID, decide func(aggregate.Instance[S]) (aggregate.Commit[S], error)) (in aggregate.Instance[S], found bool, err error) {
	in = r.definition.New(id)
	all, err := r.store.Read(ctx, r.aggregate(id), 1)
	if err != nil {
		return in, false, err
	}
	n := slices.IndexFunc(all, func(e event.Recorded) bool { return e.ID == eventID })
	if n < 0 {
		return in, false, nil // a mark that another id has too
	}
	if in, err = r.definition.Replay(in, all[:n]...); err != nil {
		return in, true, err
	}
	commit, err := decide(in)
	if err != nil || !r.isPrefix(commit.Events, all[n:]) {
		return in, true, &ReusedIDError{eventID, all[n].Position, all[n].Type, err}
	}
	in, err = r.definition.Replay(in, all[n:n+len(commit.Events)]...)
	return in, true, err
}

// isPrefix reports whether recorded events begin with what has been decided. An
// event that the catalog made current is compared as this code would write it.
func (r *Repository[S, C, E]) isPrefix(decided []event.Event, recorded []event.Recorded) bool {
	if len(decided) == 0 || len(decided) > len(recorded) {
		return false
	}
	for i := range decided {
		own, err := r.definition.Decode(recorded[i].Event)
		if err != nil {
			return false
		}
		again, err := r.definition.Encode(own)
		if err != nil || decided[i].Type != again.Type || !bytes.Equal(decided[i].Data, again.Data) {
			return false
		}
	}
	return true
}
