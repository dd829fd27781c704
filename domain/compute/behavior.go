package compute

import (
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/signal"
)

// ResourceBehavior is a resource's state at every time: the fold, in the order
// of the log, of its events with a time not after t, and [Empty] before the
// first. At signal.MaxTime it is [Fold] of all. Times count to the millisecond,
// and may go back from one event to the next. Making and sampling it costs what
// signal.Accumulate says.
func ResourceBehavior(id uuid.UUID, events ...Event) signal.Behavior[State] {
	recorded := make([]signal.Occurrence[Event], len(events))
	for i, e := range events {
		recorded[i] = signal.Occurrence[Event]{Time: signal.TimeOf(e.Time), Value: e}
	}
	return signal.Accumulate(recorded, Empty(id), State.Apply)
}
