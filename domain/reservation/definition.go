package reservation

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
)

// AggregateType is the aggregate's name in the log.
const AggregateType = "hostname"

// namespace is that of the ids of reservations.
var namespace = uuid.NewSHA1(uuid.NameSpaceDNS, []byte("hostname.refold.dev"))

// ID is the aggregate of a hostname; two that differ in case have the same.
func ID(h compute.Hostname) uuid.UUID { return uuid.NewSHA1(namespace, []byte(h.Lower().String())) }

// Command is a [Take] or a [Give] with the header that its event shall have.
type Command = aggregate.Command[Request]

// Request is a [Take] or a [Give].
type Request interface {
	decide(State) ([]Payload, error)
}

// Fact is an event of the aggregate.
type Fact = aggregate.Fact[Payload]

// Payload is a [Claimed] or a [Released].
type Payload interface{ check() error }

// Claimed gives the name to a resource, whoever had it.
type Claimed struct{ Claim }

// Released makes the name free, if the resource has it.
type Released struct {
	ResourceID uuid.UUID `json:"resource_id"`
}

func (p Claimed) check() error {
	if p.Hostname.IsZero() || p.ResourceID == uuid.Nil || p.CommandID == uuid.Nil {
		return errors.New("hostname, resource_id or command_id is missing")
	}
	return nil
}

func (p Released) check() error {
	if p.ResourceID == uuid.Nil {
		return errors.New("resource_id is missing")
	}
	return nil
}

// Definition is the aggregate as a repository needs it.
func Definition() aggregate.Definition[State, Command, Fact] {
	codec, err := aggregate.NewCodec(AggregateType,
		aggregate.EventType[Payload]{Name: "hostname_claimed", Prototype: Claimed{}},
		aggregate.EventType[Payload]{Name: "hostname_released", Prototype: Released{}})
	if err != nil {
		panic(err) // the names are constants
	}
	stamped := aggregate.Stamped(aggregate.Decider[State, Request, Payload]{
		Initial: func(uuid.UUID) State { return State{} },
		Decide:  func(s State, r Request) ([]Payload, error) { return r.decide(s) },
	})
	stamped.Evolve = evolve
	return aggregate.Definition[State, Command, Fact]{
		Type: AggregateType, Decider: stamped,
		Codec: aggregate.Codec[Fact]{Encode: codec.Encode, Decode: func(e event.Event) (Fact, error) { return decode(codec, e) }},
	}
}

// decode refuses events that lack what a claim has to have.
func decode(codec aggregate.Codec[Fact], e event.Event) (Fact, error) {
	f, err := codec.Decode(e)
	if err != nil {
		return f, err
	}
	if err := f.Payload.check(); err != nil {
		return f, fmt.Errorf("decode %q: %w", e.Type, err)
	}
	return f, nil
}

func evolve(s State, f Fact) State {
	switch p := f.Payload.(type) {
	case Claimed:
		return State{&Held{p.Claim, f.Time, f.CorrelationID}}
	case Released:
		if s.HeldBy(p.ResourceID) {
			return State{}
		}
	}
	return s
}
