package job

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// Why a job was submitted.
const (
	Replay = "replay" // somebody has asked for it
	Change = "change" // what serves is not of the pipeline as it is declared, or nothing does
	Reset  = "reset"  // somebody has thrown the read model away
)

// Job is a replay: the build of a generation of a pipeline's read model.
type Job struct {
	ID uuid.UUID `json:"id"`
	Request
	Why       string    `json:"why"`
	State     State     `json:"state"`
	Submitted time.Time `json:"submitted"`
	Began     time.Time `json:"began,omitzero"` // for the first time
	Ended     time.Time `json:"ended,omitzero"`
	// Generation is what it builds; 0 before it has begun.
	Generation uint64 `json:"generation,omitempty"`
	// Position is the last one that the generation includes, Target where it goes to:
	// the log's last, as it was when the job last looked.
	Position event.Position `json:"position"`
	Target   event.Position `json:"target"`
	// EventsPerSecond is the mean since the job went to work, as often as it did.
	EventsPerSecond float64 `json:"events_per_second"`
	// ETA is how many seconds it takes to the target at that pace; 0 where nobody
	// works it.
	ETA   float64 `json:"eta_seconds,omitempty"`
	Error string  `json:"error,omitempty"`
	// Kept says that the generation stays, and serves nobody, until it is dropped.
	Kept bool `json:"kept,omitempty"`
}

// Progress sets how far the job has come since it went to work at a position.
func (j *Job) Progress(from, at event.Position, took time.Duration) {
	j.Position = at
	j.EventsPerSecond = float64(at-min(from, at)) / max(took.Seconds(), 1e-9)
	j.ETA = 0
	if j.State == Running && j.EventsPerSecond > 0 && j.Target > at {
		j.ETA = float64(j.Target-at) / j.EventsPerSecond
	}
}

// Err is the error that a job has come to: nil while it may still be done, and if it
// is.
func (j *Job) Err() error {
	switch {
	case j.State == Failed:
		return errors.New(j.Error)
	case j.State == Cancelled && j.Error != "":
		return fmt.Errorf("job %s is cancelled: %s", j.ID, j.Error)
	case j.State == Cancelled:
		return fmt.Errorf("job %s is cancelled", j.ID)
	}
	return nil
}

// RefusedError is something that a job's state does not allow.
type RefusedError struct {
	ID    uuid.UUID `json:"id"`
	State State     `json:"state"`
	Input Input     `json:"input"`
	// Rule is a stable code; empty where the machine knows no such step.
	Rule   string `json:"rule,omitempty"`
	Reason string `json:"reason"`
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("job %s is %s: %s", e.ID, e.State, e.Reason)
}
