package aggregate

import (
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// Header is what every event carries besides its own fields, whatever the
// aggregate.
type Header struct {
	EventID       uuid.UUID
	AggregateID   uuid.UUID
	Time          time.Time
	CorrelationID uuid.UUID
	CausationID   uuid.NullUUID
}

// HeaderOf returns an event's header.
func HeaderOf(e *event.Event) Header {
	return Header{e.ID, e.Aggregate.ID, e.Time, e.CorrelationID, e.CausationID}
}

// Event returns the event that has this header and the given type and payload.
func (h Header) Event(aggregateType, eventType string, schemaVersion uint32, data json.RawMessage) event.Event {
	return event.Event{
		ID:            h.EventID,
		Aggregate:     event.Aggregate{Type: aggregateType, ID: h.AggregateID},
		Type:          eventType,
		SchemaVersion: schemaVersion,
		Time:          h.Time.UTC().Round(0), // the log knows no monotonic clock
		CorrelationID: h.CorrelationID,
		CausationID:   h.CausationID,
		Data:          data,
	}
}

// Command is a command body with the header that its event shall have.
type Command[C any] struct {
	Header
	Body C
}

// Fact is an event payload with its header.
type Fact[P any] struct {
	Header
	Payload P
}

// Stamped turns a decider of bare payloads into one of facts: each fact takes
// its header from the command. The first event's id is the command's EventID,
// the others' are derived from it.
func Stamped[S, C, P any](plain Decider[S, C, P]) Decider[S, Command[C], Fact[P]] {
	return Decider[S, Command[C], Fact[P]]{
		Initial: plain.Initial,
		Decide: func(s S, c Command[C]) ([]Fact[P], error) {
			payloads, err := plain.Decide(s, c.Body)
			if err != nil {
				return nil, err
			}
			facts := make([]Fact[P], len(payloads))
			for i, p := range payloads {
				facts[i] = Fact[P]{c.Header, p}
				facts[i].EventID = DeriveID(c.EventID, i)
			}
			return facts, nil
		},
		Evolve: func(s S, f Fact[P]) S { return plain.Evolve(s, f.Payload) },
	}
}

// DeriveID is the id of a command's event number n, from 0: the command's own
// id, then UUIDs of version 5 made from it.
func DeriveID(first uuid.UUID, n int) uuid.UUID {
	if n == 0 {
		return first
	}
	return uuid.NewSHA1(first, binary.BigEndian.AppendUint64(nil, uint64(n)))
}
