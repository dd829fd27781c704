package fsm

// MooreTable describes a Moore machine. Its transitions carry no outputs:
// entering a state yields that state's output.
type MooreTable[S, I comparable, O any] struct {
	Initial    S
	States     []MooreState[S, O]
	Inputs     []I
	Moves      []Move[S, I]
	Refusals   []Refusal[S, I]
	Invariants []Invariant[S]
	Symbol     func(I) I // as in Table
}

// MooreState is a state with the output that belongs to it.
type MooreState[S comparable, O any] struct {
	State  S
	Output O
}

// Move leads from one state to another, or back to the same one.
type Move[S, I comparable] struct {
	From    S
	Input   I
	To      S
	Require func(from S, in I) error // optional precondition
}

// Moore is a machine whose output depends on the state alone. It has all that a
// [Mealy] machine has, since it is one in which all ways into a state yield the
// same output.
type Moore[S, I comparable, O any] struct {
	*Mealy[S, I, O]
	outputs map[S]O
}

// NewMoore checks the table and builds its machine; the errors are those of
// [NewMealy].
func NewMoore[S, I comparable, O any](t MooreTable[S, I, O]) (*Moore[S, I, O], error) {
	table := Table[S, I, O]{
		Initial: t.Initial, Inputs: t.Inputs, Refusals: t.Refusals,
		Invariants: t.Invariants, Symbol: t.Symbol,
	}
	outputs := make(map[S]O, len(t.States))
	for _, s := range t.States {
		table.States = append(table.States, s.State)
		outputs[s.State] = s.Output
	}
	for _, mv := range t.Moves {
		table.Transitions = append(table.Transitions, Transition[S, I, O]{
			From: mv.From, Input: mv.Input, To: mv.To, Output: outputs[mv.To], Require: mv.Require,
		})
	}
	mealy, err := NewMealy(table)
	if err != nil {
		return nil, err
	}
	return &Moore[S, I, O]{mealy, outputs}, nil
}

// Output is the output of state s, the initial one included; the zero output
// for a state that is not the machine's.
func (m *Moore[S, I, O]) Output(s S) O { return m.outputs[s] }
