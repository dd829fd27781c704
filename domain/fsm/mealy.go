package fsm

import (
	"fmt"
	"slices"
)

// Mealy is a machine whose output depends on state and input.
type Mealy[S, I comparable, O any] struct {
	table       Table[S, I, O]
	transitions map[cell[S, I]]Transition[S, I, O]
	refusals    map[cell[S, I]]Refusal[S, I]
}

// NewMealy checks the table and builds its machine. The error is a
// *[NondeterminismError], a *[TableError] or an *[InvariantError]. The machine
// keeps no reference to the table's slices.
func NewMealy[S, I comparable, O any](t Table[S, I, O]) (*Mealy[S, I, O], error) {
	t.States, t.Inputs = slices.Clone(t.States), slices.Clone(t.Inputs)
	t.Transitions, t.Refusals = slices.Clone(t.Transitions), slices.Clone(t.Refusals)
	m := &Mealy[S, I, O]{
		table:       t,
		transitions: make(map[cell[S, I]]Transition[S, I, O], len(t.Transitions)),
		refusals:    make(map[cell[S, I]]Refusal[S, I], len(t.Refusals)),
	}
	if err := checkNames(&t); err != nil {
		return nil, err
	}
	if err := m.fill(); err != nil {
		return nil, err
	}
	if err := m.checkInvariants(t.Invariants); err != nil {
		return nil, err
	}
	return m, nil
}

// MustMealy is NewMealy for a table that is part of the program: it panics
// where NewMealy returns an error.
func MustMealy[S, I comparable, O any](t Table[S, I, O]) *Mealy[S, I, O] {
	m, err := NewMealy(t)
	if err != nil {
		panic(err)
	}
	return m
}

// Initial is the state in which the machine's life begins.
func (m *Mealy[S, I, O]) Initial() S { return m.table.Initial }

// States lists all states.
func (m *Mealy[S, I, O]) States() []S { return slices.Clone(m.table.States) }

// Inputs lists all inputs.
func (m *Mealy[S, I, O]) Inputs() []I { return slices.Clone(m.table.Inputs) }

// Step is the machine: the state and the output that follow from state s and
// input in. When the input is refused it returns s, the zero output, and an
// *[InvalidTransitionError], *[BusinessRuleError], *[PreconditionError] or
// *[PostconditionError].
func (m *Mealy[S, I, O]) Step(s S, in I) (S, O, error) {
	var none O
	at := cell[S, I]{s, m.symbol(in)}
	t, ok := m.transitions[at]
	if !ok {
		return s, none, m.refuse(at)
	}
	if t.Require != nil {
		if err := t.Require(s, in); err != nil {
			return s, none, &PreconditionError{text(s), text(at.in), err}
		}
	}
	if t.Ensure != nil {
		if err := t.Ensure(s, in, t.To, t.Output); err != nil {
			return s, none, &PostconditionError{text(s), text(at.in), text(t.To), err}
		}
	}
	return t.To, t.Output, nil
}

// CanStep reports whether Step accepts the input.
func (m *Mealy[S, I, O]) CanStep(s S, in I) bool {
	_, _, err := m.Step(s, in)
	return err == nil
}

// ValidInputs lists the inputs that have a transition in state s. A transition
// with a precondition counts, since only a real input can be held against it.
func (m *Mealy[S, I, O]) ValidInputs(s S) []I {
	var valid []I
	for _, in := range m.table.Inputs {
		if _, ok := m.transitions[cell[S, I]{s, in}]; ok {
			valid = append(valid, in)
		}
	}
	return valid
}

// Leading lists the inputs that lead from one state to another, preconditions
// aside, in the order of the table's transitions.
func (m *Mealy[S, I, O]) Leading(from, to S) []I {
	var inputs []I
	for _, t := range m.table.Transitions {
		if t.From == from && t.To == to {
			inputs = append(inputs, t.Input)
		}
	}
	return inputs
}

// Unreachable lists the states to which no path leads from the initial one.
func (m *Mealy[S, I, O]) Unreachable() []S {
	reached := m.reachable()
	return slices.DeleteFunc(m.States(), func(s S) bool { return reached[s] })
}

func (m *Mealy[S, I, O]) symbol(in I) I {
	if m.table.Symbol == nil {
		return in
	}
	return m.table.Symbol(in)
}

func (m *Mealy[S, I, O]) refuse(at cell[S, I]) error {
	if r, ok := m.refusals[at]; ok {
		return &BusinessRuleError{text(r.From), text(r.Input), r.Rule, r.Reason}
	}
	return &InvalidTransitionError{text(at.from), text(at.in)}
}

// text is how errors and diagrams spell a state or an input.
func text(v any) string { return fmt.Sprint(v) }
