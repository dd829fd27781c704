package engine

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// Proof is what has come of folding a pipeline's log again, from its beginning, and
// comparing that with what the pipeline has made of it.
type Proof struct {
	Pipeline   string `json:"pipeline"`
	Generation uint64 `json:"generation"`
	// Module is the digest of the projection's code, which has folded both times.
	Module string `json:"module"`
	// Position is the last one at which something was compared, and Root, if there was
	// one, the root of there.
	Position event.Position `json:"position"`
	Root     string         `json:"root,omitempty"`
	// Roots counts the stored roots that were compared, Answers what a resident
	// projection has answered: those that such roots are of, and the present one.
	Roots   int `json:"roots"`
	Answers int `json:"answers,omitempty"`
	// ReadModels are those of the executors, each as a whole.
	ReadModels []ProvenModel `json:"read_models"`
	// Unproven is why nothing behind a position was compared.
	Unproven *Unproven `json:"unproven,omitempty"`
	// Difference is the first one; nil if there was none.
	Difference *Difference `json:"difference,omitempty"`
}

// ProvenModel is the read model of one executor.
type ProvenModel struct {
	Executor string `json:"executor"`
	// Position is where it was read, Rows how many rows were compared.
	Position event.Position `json:"position"`
	Rows     uint64         `json:"rows"`
	// Skipped is why it was not compared; empty if it was.
	Skipped string `json:"skipped,omitempty"`
}

// Unproven is why the log alone does not make a generation.
type Unproven struct {
	Position event.Position `json:"position"`
	Reason   string         `json:"reason"`
}

// What two folds of one log may differ in.
const (
	InEffects = "effects"
	InStates  = "states"
	InAside   = "aside"
	InAnswer  = "answer"
	InRows    = "rows"
)

// Why they may.
const (
	// Impure: the projection gives different results for the same events and state.
	Impure = "impure"
	// ByBatches: what it gives depends on how events were batched.
	ByBatches = "batches"
	// Stored: it gives the same however it is asked, and something else is stored.
	Stored = "stored"
)

// Difference is where a pipeline is not what its log makes of it.
type Difference struct {
	// In is what differs: InEffects, InStates, InAside, InAnswer or InRows.
	In string `json:"in"`
	// Cause is Impure, ByBatches or Stored.
	Cause string `json:"cause"`
	// After is the last position at which nothing differed, or 0, and Position the
	// first one at which something does; if Exact is false, the first one of which
	// there is something to compare with.
	After    event.Position `json:"after"`
	Position event.Position `json:"position"`
	Exact    bool           `json:"exact"`
	// Event is the one at Position, if Exact.
	Event *EventName `json:"event,omitempty"`
	// Executor, Table and Key say which row, Key alone which state, as far as it is
	// known.
	Executor string  `json:"executor,omitempty"`
	Table    string  `json:"table,omitempty"`
	Key      *string `json:"key,omitempty"`
	// Expected is what the log makes of it, Found what there is.
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// EventName says which event it is.
type EventName struct {
	ID        uuid.UUID `json:"id"`
	Aggregate string    `json:"aggregate"`
	Type      string    `json:"type"`
	Time      time.Time `json:"time"`
}

func nameOf(e *event.Recorded) *EventName {
	return &EventName{e.ID, e.Aggregate.String(), e.Type, e.Time}
}

// Where says where the difference is, and whose it is.
func (d *Difference) Where() string {
	switch {
	case d.Exact:
		return fmt.Sprintf("position %d", d.Position)
	case d.Table != "":
		return fmt.Sprintf("a row of %s, at position %d", d.Table, d.Position)
	}
	return fmt.Sprintf("positions %d to %d", d.After+1, d.Position)
}
