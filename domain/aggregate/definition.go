package aggregate

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// Definition is an aggregate as a repository sees it.
type Definition[S, C, E any] struct {
	Type string // the aggregate type in the log, such as "compute"
	Decider[S, C, E]
	Codec[E]
	StateCodec StateCodec[S] // for snapshots; may be left out
	// Copy returns an equal state that is independent of the one it is given:
	// whatever is written to one of them, the other stays as it is. With it states
	// can be remembered in memory; it may be left out.
	Copy func(S) S
}

// Instance is one aggregate at one version. Its State must not be written to.
type Instance[S any] struct {
	ID      uuid.UUID
	Version event.Version
	State   S
}

// Commit is what a decision amounts to: the arguments of an append, and the
// instance as it is once the append has gone through.
type Commit[S any] struct {
	Events   []event.Event // none: there is nothing to append
	Expected event.Expected
	After    Instance[S]
}

// New is the instance of an aggregate without events.
func (d Definition[S, C, E]) New(id uuid.UUID) Instance[S] {
	return Instance[S]{ID: id, State: d.Initial(id)}
}

// Replay folds recorded events into an instance: all events of an aggregate
// into New(id), or a tail into a snapshot. On error, a *[ReplayError], the
// instance is as it was before the event that the error names.
func (d Definition[S, C, E]) Replay(in Instance[S], recorded ...event.Recorded) (Instance[S], error) {
	for i := range recorded {
		r := &recorded[i]
		if err := d.checkPlace(in, r); err != nil {
			return in, newReplayError(r, err)
		}
		e, err := d.Decode(r.Event)
		if err != nil {
			return in, newReplayError(r, err)
		}
		in.State, in.Version = d.Evolve(in.State, e), r.Version
	}
	return in, nil
}

// Execute decides a command and prepares the append of what follows. An error
// of Decide is returned as it is.
func (d Definition[S, C, E]) Execute(in Instance[S], c C) (Commit[S], error) {
	events, err := d.Decide(in.State, c)
	if err != nil {
		return Commit[S]{}, err
	}
	return d.Record(in, events...)
}

// Record prepares the append of events that have been decided on in the
// instance's state. The error is a *[ForeignEventError], an event.FieldError or
// the codec's.
func (d Definition[S, C, E]) Record(in Instance[S], events ...E) (Commit[S], error) {
	c := Commit[S]{Expected: event.Exactly(in.Version), After: in}
	for _, e := range events {
		encoded, err := d.Encode(e)
		if err != nil {
			return Commit[S]{}, err
		}
		if err := encoded.Validate(); err != nil {
			return Commit[S]{}, fmt.Errorf("%s event of %s: %w", encoded.Type, encoded.Aggregate, err)
		}
		if err := d.checkOwn(in, encoded.Aggregate); err != nil {
			return Commit[S]{}, err
		}
		c.Events = append(c.Events, encoded)
		c.After.State = d.Evolve(c.After.State, e)
		c.After.Version++
	}
	return c, nil
}

func (d Definition[S, C, E]) checkPlace(in Instance[S], r *event.Recorded) error {
	if err := d.checkOwn(in, r.Aggregate); err != nil {
		return err
	}
	if want := in.Version + 1; r.Version != want {
		return &VersionGapError{Want: want, Got: r.Version}
	}
	return nil
}

func (d Definition[S, C, E]) checkOwn(in Instance[S], got event.Aggregate) error {
	if want := (event.Aggregate{Type: d.Type, ID: in.ID}); got != want {
		return &ForeignEventError{Want: want, Got: got}
	}
	return nil
}
