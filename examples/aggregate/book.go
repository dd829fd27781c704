package main

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
)

// What it remembers, what may be asked of it, what can happen to it.
type (
	book     struct{ Reader string } // empty: on the shelf
	lend     struct{ to string }
	takeBack struct{}
	lent     struct {
		Reader string `json:"reader"`
	}
	returned struct{}
)

func decide(b book, command any) ([]any, error) {
	switch c := command.(type) {
	case lend:
		if b.Reader != "" {
			return nil, fmt.Errorf("%s has it", b.Reader)
		}
		return []any{lent{c.to}}, nil
	case takeBack:
		if b.Reader == "" {
			return nil, nil // nothing to do: no event
		}
		return []any{returned{}}, nil
	}
	return nil, fmt.Errorf("unknown command %T", command)
}

func evolve(b book, happened any) book {
	switch e := happened.(type) {
	case lent:
		b.Reader = e.Reader
	case returned:
		b.Reader = ""
	}
	return b
}

type (
	command    = aggregate.Command[any]
	fact       = aggregate.Fact[any]
	definition = aggregate.Definition[book, command, fact]
)

func books() (definition, error) {
	codec, err := aggregate.NewCodec("book",
		aggregate.EventType[any]{Name: "book_lent", Prototype: lent{}},
		aggregate.EventType[any]{Name: "book_returned", Prototype: returned{}})
	return definition{
		Type: "book", Codec: codec, StateCodec: aggregate.NewStateCodec[book]("1"),
		Decider: aggregate.Stamped(aggregate.Decider[book, any, any]{
			Initial: func(uuid.UUID) book { return book{} }, Decide: decide, Evolve: evolve,
		}),
	}, err
}
