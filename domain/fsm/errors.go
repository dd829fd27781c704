package fsm

import "fmt"

// The errors of a step. States and inputs are given as text, so that a caller
// can tell the errors apart without naming the machine's types.

// InvalidTransitionError is an input that the table does not know in the state.
type InvalidTransitionError struct{ From, Input string }

func (e *InvalidTransitionError) Error() string {
	return fmt.Sprintf("invalid transition: %s does not take %s", e.From, e.Input)
}

// BusinessRuleError is an input that a rule of the table refuses.
type BusinessRuleError struct {
	From, Input string
	Rule        string // stable code
	Reason      string
}

func (e *BusinessRuleError) Error() string {
	return fmt.Sprintf("%s refuses %s: %s", e.From, e.Input, e.Reason)
}

// PreconditionError is a transition whose precondition does not hold.
type PreconditionError struct {
	From, Input string
	Err         error
}

func (e *PreconditionError) Error() string {
	return fmt.Sprintf("precondition of %s in %s: %v", e.Input, e.From, e.Err)
}

func (e *PreconditionError) Unwrap() error { return e.Err }

// PostconditionError is a transition whose outcome breaks its postcondition.
type PostconditionError struct {
	From, Input, To string
	Err             error
}

func (e *PostconditionError) Error() string {
	return fmt.Sprintf("postcondition of %s from %s to %s: %v", e.Input, e.From, e.To, e.Err)
}

func (e *PostconditionError) Unwrap() error { return e.Err }

// The errors of building a machine.

// NondeterminismError is a cell with more than one entry.
type NondeterminismError struct{ From, Input string }

func (e *NondeterminismError) Error() string {
	return fmt.Sprintf("table is not deterministic: two entries for %s in %s", e.Input, e.From)
}

// TableError is a table that contradicts itself in another way.
type TableError struct{ Reason string }

func (e *TableError) Error() string { return "table: " + e.Reason }

// InvariantError is a reachable state that breaks an invariant.
type InvariantError struct {
	State, Invariant string
	Err              error
}

func (e *InvariantError) Error() string {
	return fmt.Sprintf("invariant %s in %s: %v", e.Invariant, e.State, e.Err)
}

func (e *InvariantError) Unwrap() error { return e.Err }
