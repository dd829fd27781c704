package aggregate

import "github.com/google/uuid"

// Decider is the behaviour of an aggregate with state S, commands C and events
// E. All three functions are pure, and leave the state they are given as it is.
type Decider[S, C, E any] struct {
	// Initial is the state of an aggregate without events.
	Initial func(id uuid.UUID) S
	// Decide says which events follow from a command, or why it is refused. No
	// events and no error: there is nothing to do.
	Decide func(S, C) ([]E, error)
	// Evolve is total: an event is a fact and is not refused.
	Evolve func(S, E) S
}

// Fold evolves a state by events, in order.
func (d Decider[S, C, E]) Fold(s S, events ...E) S {
	for _, e := range events {
		s = d.Evolve(s, e)
	}
	return s
}
