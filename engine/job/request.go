package job

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// Request is what somebody wants of a replay.
type Request struct {
	Pipeline string `json:"pipeline"`
	// Until is the last position to fold: the read model as it was there, beside the one
	// that serves, which it does not replace. UntilTime says it by a time: it is the last
	// event that had happened then. Neither is for a rebuild.
	Until     event.Position `json:"until,omitempty"`
	UntilTime time.Time      `json:"until_time,omitzero"`
	// Workers is how many instances of the projection fold; 0 leaves it to the engine.
	Workers int `json:"workers,omitempty"`
	// Rate bounds the events that are folded a second; 0 leaves it to the engine.
	Rate int `json:"rate,omitempty"`
}

// The most that can be wanted.
const (
	MaxWorkers = 64
	MaxRate    = 1_000_000_000
)

// Travels reports whether the read model is to be one of another time.
func (r *Request) Travels() bool { return r.Until > 0 || !r.UntilTime.IsZero() }

// Validate reports what cannot be wanted.
func (r *Request) Validate() error {
	if r.Pipeline == "" {
		return errors.New("pipeline: it names none")
	}
	if r.Until > 0 && !r.UntilTime.IsZero() {
		return errors.New("until: it is a position or a time, and not both")
	}
	if r.Workers < 0 || r.Workers > MaxWorkers {
		return fmt.Errorf("workers: there can be 1 to %d, not %d", MaxWorkers, r.Workers)
	}
	if r.Rate < 0 || r.Rate > MaxRate {
		return fmt.Errorf("rate: there can be 1 to %d events a second, not %d", MaxRate, r.Rate)
	}
	return nil
}

// ParseID reads a job's id.
func ParseID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, fmt.Errorf("%q is no job's id: %w", text, err)
	}
	return id, nil
}
