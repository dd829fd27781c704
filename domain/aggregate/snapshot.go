package aggregate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// StateCodec translates an aggregate's state to bytes and back. The state that
// Decode(Encode(s)) gives deeply equals s, so that it folds on to the same.
type StateCodec[S any] struct {
	// Revision stands for the code of the fold and of this codec. Change it
	// when evolving the same events gives another state than before, or when a
	// state's bytes change their form.
	Revision string
	Encode   func(S) ([]byte, error)
	Decode   func([]byte) (S, error)
}

// NewStateCodec returns a codec that writes states as encoding/json does: their
// exported fields. Reading is strict: unknown fields are refused.
func NewStateCodec[S any](revision string) StateCodec[S] {
	return StateCodec[S]{
		Revision: revision,
		Encode:   func(s S) ([]byte, error) { return json.Marshal(s) },
		Decode:   decodeStrictly[S],
	}
}

func decodeStrictly[S any](data []byte) (s S, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return *new(S), err
	}
	if _, err := dec.Token(); err != io.EOF {
		return *new(S), errors.New("more than one JSON value")
	}
	return s, nil
}

// Snapshot is what an aggregate's first Version events amount to.
type Snapshot struct {
	Aggregate event.Aggregate
	Version   event.Version  // of the last event in it, at least 1
	Position  event.Position // of that event in the log
	EventID   uuid.UUID      // of that event
	Revision  string         // of the state codec that wrote State
	Digest    [32]byte       // of the catalog that the events were read under; zero for none
	State     []byte         // encoded
	Marks     []byte         // of all its events: what tells that an event is not among them; may be left out
}

// RevisionError is a snapshot that other code has made.
type RevisionError struct{ Known, Found string }

func (e *RevisionError) Error() string {
	return fmt.Sprintf("the snapshot is of revision %q; the code's is %q", e.Found, e.Known)
}

// ErrLossyState is a state codec that does not give back what it was given.
var ErrLossyState = errors.New("the state codec does not give back the state that it was given")

// HasStateCodec reports whether the aggregate can have snapshots.
func (d Definition[S, C, E]) HasStateCodec() bool {
	return d.StateCodec.Encode != nil && d.StateCodec.Decode != nil
}

// Snapshot returns a snapshot of an instance, whose last event is given. It
// decodes what it has encoded: a codec that loses something is [ErrLossyState].
func (d Definition[S, C, E]) Snapshot(in Instance[S], last *event.Recorded) (Snapshot, error) {
	own := event.Aggregate{Type: d.Type, ID: in.ID}
	if last.Aggregate != own || last.Version != in.Version {
		return Snapshot{}, fmt.Errorf("snapshot of %s at version %d: its last event is not version %d of %s", own, in.Version, last.Version, last.Aggregate)
	}
	state, err := d.StateCodec.Encode(in.State)
	if err != nil {
		return Snapshot{}, fmt.Errorf("encode the state of %s: %w", own, err)
	}
	back, err := d.StateCodec.Decode(state)
	if err != nil {
		return Snapshot{}, fmt.Errorf("decode the state of %s again: %w", own, err)
	}
	if !reflect.DeepEqual(in.State, back) {
		return Snapshot{}, fmt.Errorf("snapshot of %s: %w", own, ErrLossyState)
	}
	return Snapshot{
		Aggregate: own, Version: in.Version, Position: last.Position, EventID: last.ID,
		Revision: d.StateCodec.Revision, State: state,
	}, nil
}

// Restore returns the instance that a snapshot is of. The error is a
// *[RevisionError] or the codec's.
func (d Definition[S, C, E]) Restore(s Snapshot) (Instance[S], error) {
	if s.Revision != d.StateCodec.Revision {
		return Instance[S]{}, &RevisionError{Known: d.StateCodec.Revision, Found: s.Revision}
	}
	state, err := d.StateCodec.Decode(s.State)
	if err != nil {
		return Instance[S]{}, fmt.Errorf("decode the state of %s: %w", s.Aggregate, err)
	}
	return Instance[S]{ID: s.Aggregate.ID, Version: s.Version, State: state}, nil
}
