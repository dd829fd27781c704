package compute

import (
	"encoding/json"
	"fmt"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

// Header is what all events carry: event id, aggregate id, time, correlation
// id and the optional causation id.
type Header = aggregate.Header

// Event is a fact about a compute resource.
type Event struct {
	Header
	Payload Payload
}

// TypeName is the event's type in PascalCase; "" without a payload.
func (e Event) TypeName() string {
	if e.Payload == nil {
		return ""
	}
	return e.Payload.EventType().Name()
}

// SchemaVersion is the version of the event's fields; 0 without a payload.
func (e Event) SchemaVersion() uint32 {
	if e.Payload == nil {
		return 0
	}
	return e.Payload.EventType().SchemaVersion()
}

// ToEvent translates an event into the log's form. Its data has the payload's
// own fields and nothing else. The error is an *[EncodeError].
func ToEvent(e Event) (event.Event, error) {
	if e.Payload == nil {
		return event.Event{}, &EncodeError{Err: fmt.Errorf("there is no payload")}
	}
	t := e.Payload.EventType()
	data, err := json.Marshal(e.Payload)
	if err != nil {
		return event.Event{}, &EncodeError{t, err}
	}
	out := e.Header.Event(AggregateType, string(t), t.SchemaVersion(), data)
	if err := out.Validate(); err != nil {
		return event.Event{}, &EncodeError{t, err}
	}
	return out, nil
}

// FromEvent translates an event out of the log's form, and checks all of it.
// The error is an *aggregate.ForeignEventError for an event of another type of
// aggregate, an *aggregate.UnknownTypeError, an *aggregate.SchemaVersionError,
// an *event.FieldError for the header or a *[DecodeError] for the data.
func FromEvent(in event.Event) (Event, error) {
	if in.Aggregate.Type != AggregateType {
		want := event.Aggregate{Type: AggregateType, ID: in.Aggregate.ID}
		return Event{}, &aggregate.ForeignEventError{Want: want, Got: in.Aggregate}
	}
	t := EventType(in.Type)
	if err := checkVersion(t, max(in.SchemaVersion, 1)); err != nil {
		return Event{}, err
	}
	if err := in.Validate(); err != nil {
		return Event{}, err
	}
	data, err := parseObject(in.Data)
	if err != nil {
		return Event{}, err
	}
	payload := readPayload(data, t)
	if err := data.close(); err != nil {
		return Event{}, err
	}
	return Event{aggregate.HeaderOf(&in), payload}, nil
}

// EncodeError is an event with a value that has no wire form, such as a zero
// hostname or a nil id. Only events made by hand can have one.
type EncodeError struct {
	Type EventType
	Err  error
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("encode compute event %q: %v", e.Type, e.Err)
}

func (e *EncodeError) Unwrap() error { return e.Err }
