package effect

import (
	"bytes"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// The event that records the answer to a Query effect: its type, and that of its
// aggregate.
const (
	QueryAnswered = "query_answered"
	QueryAnswer   = "query_answer"
)

// Answer is the payload of a query_answered event.
type Answer struct {
	Pipeline string `json:"pipeline"`
	// Key is that of the state whose fold has asked; nil where the projection has no
	// keys.
	Key *string `json:"key,omitempty"`
	// Query and Parameters are the effect's name and body.
	Query      string          `json:"query"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
	Answer     json.RawMessage `json:"answer"`
}

// AnswerAggregate is the aggregate whose only event is the answer of an id, which is
// its own as well. So a log that has the answer refuses another one, whoever appends
// it and however late.
func AnswerAggregate(id uuid.UUID) event.Aggregate { return event.Aggregate{Type: QueryAnswer, ID: id} }

// AnswerEvent is the event that records the answer to a Query effect, under the
// effect's [EventID]. It is an error if parameters or answer are no JSON.
func AnswerEvent(pipeline string, q *Effect, answer json.RawMessage) (event.Event, error) {
	payload := Answer{Pipeline: pipeline, Query: q.Name, Parameters: q.Body, Answer: answer}
	if q.Key != "" {
		payload.Key = &q.Key
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(payload); err != nil {
		return event.Event{}, err
	}
	id := EventID(pipeline, q.Cause, q.Ordinal)
	e := event.Event{
		ID:            id,
		Aggregate:     AnswerAggregate(id),
		Type:          QueryAnswered,
		SchemaVersion: 1,
		Time:          q.CauseTime,
		CorrelationID: q.CorrelationID,
		CausationID:   uuid.NullUUID{UUID: q.CauseID, Valid: true},
		Data:          bytes.TrimSpace(data.Bytes()),
	}
	return e, e.Validate()
}
