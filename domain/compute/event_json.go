package compute

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// flatHeader is the part of an event's own JSON form that all events share.
type flatHeader struct {
	Type          string        `json:"type"`
	EventVersion  uint32        `json:"event_version"`
	EventID       uuid.UUID     `json:"event_id"`
	AggregateID   uuid.UUID     `json:"aggregate_id"`
	Timestamp     time.Time     `json:"timestamp"`
	CorrelationID uuid.UUID     `json:"correlation_id"`
	CausationID   uuid.NullUUID `json:"causation_id"`
}

// MarshalJSON writes the event as one flat object: its type, its header, then
// the payload's fields. Absent optional fields are null.
func (e Event) MarshalJSON() ([]byte, error) {
	logged, err := ToEvent(e)
	if err != nil {
		return nil, err
	}
	head, err := json.Marshal(flatHeader{
		logged.Type, logged.SchemaVersion, logged.ID, logged.Aggregate.ID,
		logged.Time, logged.CorrelationID, logged.CausationID,
	})
	if err != nil {
		return nil, &EncodeError{e.Payload.EventType(), err}
	}
	return joinObjects(head, logged.Data), nil
}

// joinObjects appends the fields of one compact JSON object to another, which
// is not empty.
func joinObjects(a, b []byte) []byte {
	if bytes.Equal(b, []byte("{}")) {
		return a
	}
	return append(append(a[:len(a)-1], ','), b[1:]...)
}

// UnmarshalJSON reads what MarshalJSON writes, with the fields in any order.
// The errors are those of [FromEvent].
func (e *Event) UnmarshalJSON(data []byte) error {
	o, err := parseObject(data)
	if err != nil {
		return err
	}
	t, version := EventType(take[string](o, "type")), take[uint32](o, "event_version")
	if o.err != nil {
		return o.err
	}
	if err := checkVersion(t, version); err != nil {
		return err
	}
	read := Event{readHeader(o), readPayload(o, t)}
	if err := o.close(); err != nil {
		return err
	}
	if err := checkHeader(read.Header); err != nil {
		return err
	}
	*e = read
	return nil
}

func readHeader(o *object) Header {
	h := Header{
		EventID:       take[anyID](o, "event_id").UUID,
		AggregateID:   take[anyID](o, "aggregate_id").UUID,
		Time:          take[time.Time](o, "timestamp").UTC(),
		CorrelationID: take[anyID](o, "correlation_id").UUID,
	}
	if cause := takeOptional[anyID](o, "causation_id"); cause != nil {
		h.CausationID = uuid.NullUUID{UUID: cause.UUID, Valid: true}
	}
	return h
}

// anyID reads an id of which the field's name says enough.
type anyID = ID[any]

// checkHeader applies the log's rules to a header. The error is an
// *event.FieldError.
func checkHeader(h Header) error {
	e := h.Event(AggregateType, string(TypeAccountConceptCleared), 1, json.RawMessage("{}"))
	return e.Validate()
}
