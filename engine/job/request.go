package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// ParseRequest reads a request as JSON, which has nothing else, and validates it.
func ParseRequest(text []byte) (r Request, err error) {
	if err := decode(text, &r); err != nil {
		return r, err
	}
	return r, r.Validate()
}

// ParseReference reads which job something is wanted of, as JSON: {"id": ID}, and
// nothing else.
func ParseReference(text []byte) (uuid.UUID, error) {
	var r struct {
		ID string `json:"id"`
	}
	if err := decode(text, &r); err != nil {
		return uuid.UUID{}, err
	}
	return ParseID(r.ID)
}

// ParseNothing reads what has nothing to say: nothing at all, or an empty object.
func ParseNothing(text []byte) (struct{}, error) {
	if len(text) == 0 {
		return struct{}{}, nil
	}
	return struct{}{}, decode(text, &struct{}{})
}

// ParseID reads a job's id.
func ParseID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, fmt.Errorf("%q is no job's id: %w", text, err)
	}
	return id, nil
}

func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("reading the request: there is more behind it")
	}
	return nil
}
