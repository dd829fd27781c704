package journal

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// aggregateType is that of all events of the journal.
const aggregateType = "pipeline"

// names is the namespace of the ids of pipelines.
var names = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://refold.dev/pipelines"))

// Aggregate is the pipeline of a name: its id is a UUIDv5 of that.
func Aggregate(pipeline string) event.Aggregate {
	return event.Aggregate{Type: aggregateType, ID: uuid.NewSHA1(names, []byte(pipeline))}
}

// payload is a transition, without its time.
type payload struct {
	Pipeline string       `json:"pipeline"`
	From     engine.State `json:"from"`
	To       engine.State `json:"to"`
	By       engine.Input `json:"by"`
	Reason   string       `json:"reason,omitempty"`
}

// Event is a transition as an event.
func Event(t engine.Transition, id, correlation uuid.UUID) (event.Event, error) {
	data, err := json.Marshal(payload{t.Pipeline, t.From, t.To, t.By, t.Reason})
	if err != nil {
		return event.Event{}, err
	}
	return event.Event{
		ID:            id,
		Aggregate:     Aggregate(t.Pipeline),
		Type:          string(t.To),
		SchemaVersion: 1,
		Time:          t.At.UTC(),
		CorrelationID: correlation,
		Data:          data,
	}, nil
}

// Parse is the transition that an event of the journal is about.
func Parse(e *event.Recorded) (t engine.Transition, err error) {
	var p payload
	if err := json.Unmarshal(e.Data, &p); err != nil {
		return t, fmt.Errorf("the event at position %d is no transition: %w", e.Position, err)
	}
	switch {
	case e.SchemaVersion != 1:
		return t, fmt.Errorf("the transition at position %d has schema version %d, which this version of the program does not know", e.Position, e.SchemaVersion)
	case e.Aggregate != Aggregate(p.Pipeline) || e.Type != string(p.To) || p.From == "" || p.By == "":
		return t, fmt.Errorf("the event at position %d is no transition: what it says of %q is about %s, of type %s", e.Position, p.Pipeline, e.Aggregate, e.Type)
	}
	return engine.Transition{Pipeline: p.Pipeline, From: p.From, To: p.To, By: p.By, At: e.Time, Reason: p.Reason}, nil
}
