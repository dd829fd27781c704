package engine

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/job"
)

// Status is what an operator sees of a pipeline.
type Status struct {
	Pipeline string `json:"pipeline"`
	State    State  `json:"state"`
	// Unread says that what the pipeline remembers cannot be read: Generation, Position and
	// what is counted up to it are not known, and null in JSON.
	Unread     bool   `json:"-"`
	Generation uint64 `json:"generation" jsonschema:"nullable"`
	// Position is the last one that the read model includes, Head the log's
	// last, Lag the difference.
	Position event.Position `json:"position" jsonschema:"nullable"`
	Head     event.Position `json:"head"`
	Lag      uint64         `json:"lag" jsonschema:"nullable"`
	// Delivered + Filtered + Parked + DeadLettered = Position: the coverage ledger.
	Delivered    uint64 `json:"delivered" jsonschema:"nullable"`
	Filtered     uint64 `json:"filtered" jsonschema:"nullable"`
	Parked       uint64 `json:"parked" jsonschema:"nullable"`
	DeadLettered uint64 `json:"dead_lettered" jsonschema:"nullable"`
	// Dropped counts the effects that filters have kept from executors since this
	// generation was opened.
	Dropped uint64 `json:"dropped,omitempty"`
	// Executors are those of the generation; none is told of while no engine runs.
	Executors []ExecutorStatus `json:"executors,omitempty"`
	// Module is the digest of the projection's code.
	Module string `json:"module"`
	// Since is when it went to this state; zero where it is stopped or has not
	// run, which nobody notes.
	Since time.Time `json:"since,omitzero"`
	// Reason is what has been said about a pause.
	Reason string `json:"reason,omitempty"`
	// Error is what has stopped it, Hint what can be done about that.
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
	// Jobs are the replays that have not ended, in the order of their submission.
	Jobs []job.Job `json:"jobs,omitempty"`
	// Change is set while what serves is of another declaration than the present one.
	Change *Change `json:"change,omitempty"`
	// ParkedKeys are the keys whose events wait, DeadLetters the events and effects that
	// are left out, as they were stored last: what `refold dlq` lists.
	ParkedKeys  int `json:"parked_keys,omitempty"`
	DeadLetters int `json:"dead_letters,omitempty"`
	// Checkpoint is what the state that is stored includes; of an engine that runs.
	Checkpoint CheckpointStatus `json:"checkpoint,omitzero"`
}

// plainStatus is a Status as its tags say.
type plainStatus Status

// MarshalJSON implements json.Marshaler. A struct that a status is embedded in needs one of
// its own.
func (s Status) MarshalJSON() ([]byte, error) {
	if !s.Unread {
		return json.Marshal(plainStatus(s))
	}
	return json.Marshal(struct {
		plainStatus
		Generation   any `json:"generation"`
		Position     any `json:"position"`
		Lag          any `json:"lag"`
		Delivered    any `json:"delivered"`
		Filtered     any `json:"filtered"`
		Parked       any `json:"parked"`
		DeadLettered any `json:"dead_lettered"`
	}{plainStatus: plainStatus(s)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Status) UnmarshalJSON(text []byte) error {
	at := struct{ Position *event.Position }{}
	if err := errors.Join(json.Unmarshal(text, (*plainStatus)(s)), json.Unmarshal(text, &at)); err != nil {
		return err
	}
	s.Unread = at.Position == nil
	return nil
}

// SetJobs takes the jobs of the pipeline that have not ended.
func (s *Status) SetJobs(all []job.Job) {
	for _, one := range all {
		if one.Pipeline == s.Pipeline && !one.State.Ended() {
			s.Jobs = append(s.Jobs, one)
		}
	}
}

func (s *Status) setLife(at checkpoint.Life) {
	s.State, s.Reason, s.Error, s.Hint = State(at.State), at.Reason, at.Error, at.Hint
	if s.State != Stopped {
		s.Since = at.Since
	}
}

// countAside counts what is aside in a generation; nothing of one that is just going.
func (s *Status) countAside(kept *checkpoint.Generation) {
	if parked, letters, err := kept.CountAside(); err == nil {
		s.ParkedKeys, s.DeadLetters = parked, letters
	}
}

// Covered reports whether the coverage ledger adds up.
func (s *Status) Covered() bool {
	return s.Delivered+s.Filtered+s.Parked+s.DeadLettered == uint64(s.Position)
}
