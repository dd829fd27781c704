package engine

import (
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
)

// Observer is told what happens. Every function may be nil; none may block, or ask the
// engine for more than its status. They are called from the goroutines of the pipelines
// and of their executors.
type Observer struct {
	// Changed: the pipeline has gone from one lifecycle state to another.
	Changed func(t Transition)
	// Called: a projection has been given a batch, and has folded it, or not.
	Called func(c Call)
	// Executed: an executor has been given a batch, and has performed it, or not.
	Executed func(a Attempt)
	// Folded: a batch has been folded and every executor has performed its effects.
	Folded func(pipeline string, generation uint64, through event.Position, events, effects int)
	// Checkpointed: the state has been stored.
	Checkpointed func(c Checkpoint)
	// Faulted: the pipeline has stopped because of err.
	Faulted func(pipeline string, err error)
}

// Call is one call of a projection, with what was needed to make its batch and to read
// its result.
type Call struct {
	Pipeline   string
	Generation uint64
	// First and Last bound the positions that the batch is of. Events are those of them
	// that the projection was given, valid during the call; none where they could not be
	// framed.
	First, Last event.Position
	Events      []*event.Recorded
	Effects     int
	Began       time.Time
	Took        time.Duration
	// Fuel is what it used since the call before, in units, and Memory how much it has,
	// in bytes; both are 0 of a plugin that is not Metered.
	Fuel, Memory uint64
	// Err is why the batch has not been folded; events of it are tried again by
	// themselves then.
	Err error
}

// Attempt is one call of an executor.
type Attempt = delivery.Attempt

// Checkpoint is the state, stored.
type Checkpoint struct {
	Pipeline   string
	Generation uint64
	Position   event.Position
	Began      time.Time
	Took       time.Duration
}

// Metered is a plugin that knows what it uses.
type Metered interface {
	// Used is the fuel that it has used since the last call of Used, and how many bytes
	// of memory it has.
	Used() (fuel, memory uint64)
}

func (o *Observer) ensureDefaults() {
	if o.Changed == nil {
		o.Changed = func(Transition) {}
	}
	if o.Folded == nil {
		o.Folded = func(string, uint64, event.Position, int, int) {}
	}
	if o.Checkpointed == nil {
		o.Checkpointed = func(Checkpoint) {}
	}
	if o.Faulted == nil {
		o.Faulted = func(string, error) {}
	}
}

// And is an observer that tells two, o first.
func (o Observer) And(next Observer) Observer {
	both := Observer{Called: inTurn(o.Called, next.Called), Executed: inTurn(o.Executed, next.Executed),
		Changed: inTurn(o.Changed, next.Changed), Checkpointed: inTurn(o.Checkpointed, next.Checkpointed)}
	o.ensureDefaults()
	next.ensureDefaults()
	both.Folded = func(pipeline string, generation uint64, through event.Position, events, effects int) {
		o.Folded(pipeline, generation, through, events, effects)
		next.Folded(pipeline, generation, through, events, effects)
	}
	both.Faulted = func(pipeline string, err error) {
		o.Faulted(pipeline, err)
		next.Faulted(pipeline, err)
	}
	return both
}

// inTurn calls two functions, each of which may be nil; nil if both are.
func inTurn[T any](first, second func(T)) func(T) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return func(v T) {
		first(v)
		second(v)
	}
}
