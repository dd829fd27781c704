package aggregate

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// ReplayError names the recorded event at which a replay stopped.
type ReplayError struct {
	Position event.Position
	Version  event.Version
	EventID  uuid.UUID
	Type     string
	Err      error
}

func newReplayError(r *event.Recorded, err error) *ReplayError {
	return &ReplayError{r.Position, r.Version, r.ID, r.Type, err}
}

func (e *ReplayError) Error() string {
	return fmt.Sprintf("replay %s event %s at position %d, version %d: %v", e.Type, e.EventID, e.Position, e.Version, e.Err)
}

func (e *ReplayError) Unwrap() error { return e.Err }

// ForeignEventError is an event of another aggregate.
type ForeignEventError struct{ Want, Got event.Aggregate }

func (e *ForeignEventError) Error() string {
	return fmt.Sprintf("event belongs to %s, not to %s", e.Got, e.Want)
}

// VersionGapError is an event that does not follow the one before it.
type VersionGapError struct{ Want, Got event.Version }

func (e *VersionGapError) Error() string {
	return fmt.Sprintf("event has version %d where %d comes next", e.Got, e.Want)
}
