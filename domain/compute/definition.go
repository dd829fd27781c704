package compute

import (
	"github.com/refold-dev/refold/domain/aggregate"
)

// Definition is the aggregate as a repository needs it. Its Decide keeps a
// decision's event only; who wants the warnings too calls Handle and then
// Record.
func Definition() aggregate.Definition[State, Command, Event] {
	return aggregate.Definition[State, Command, Event]{
		Type: AggregateType,
		Decider: aggregate.Decider[State, Command, Event]{
			Initial: Empty,
			Decide: func(s State, c Command) ([]Event, error) {
				d, err := Handle(s, c)
				if err != nil {
					return nil, err
				}
				return d.Events(), nil
			},
			Evolve: State.Apply,
		},
		Codec:      aggregate.Codec[Event]{Encode: ToEvent, Decode: FromEvent},
		StateCodec: aggregate.NewStateCodec[State](stateRevision),
		Copy:       func(s State) State { return s }, // nobody writes to a state
	}
}
