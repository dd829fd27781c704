package fsm

// Table describes a Mealy machine with states S, inputs I and outputs O. A cell
// (state and input) without an entry refuses its input with an
// [InvalidTransitionError].
type Table[S, I comparable, O any] struct {
	Initial S
	States  []S // all states, in the order in which they are listed and drawn
	Inputs  []I // all inputs, likewise
	// Transitions are the cells that lead somewhere.
	Transitions []Transition[S, I, O]
	// Refusals are the cells that refuse their input for a reason of their own.
	Refusals []Refusal[S, I]
	// Invariants hold in every reachable state.
	Invariants []Invariant[S]
	// Symbol strips an input of what it carries and leaves the input as the
	// table names it. Nil means that inputs carry nothing.
	Symbol func(I) I
}

// Transition leads from one state to another, or back to the same one. Require
// and Ensure are optional, pure, and see the input with all that it carries.
type Transition[S, I comparable, O any] struct {
	From   S
	Input  I
	To     S
	Output O
	// Require is the precondition; its error becomes a [PreconditionError].
	Require func(from S, in I) error
	// Ensure is the postcondition; its error becomes a [PostconditionError].
	Ensure func(from S, in I, to S, out O) error
}

// Refusal is a cell that refuses its input with a [BusinessRuleError].
type Refusal[S, I comparable] struct {
	From   S
	Input  I
	Rule   string // stable code, such as "already_active"
	Reason string // for people
}

// Invariant is a property of states.
type Invariant[S comparable] struct {
	Name  string
	Check func(S) error // nil error: holds
}

// cell is the place of an entry in a table.
type cell[S, I comparable] struct {
	from S
	in   I
}
