package fsm_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/fsm"
)

// coin is an input that carries an amount.
type coin struct {
	kind  string
	cents int
}

var (
	pay  = coin{kind: "pay"}
	push = coin{kind: "push"}
	lock = coin{kind: "lock"}
)

func (c coin) String() string { return c.kind }

// doorTable describes a machine with every kind of cell: a door that opens for
// a coin and may be locked for good.
func doorTable() fsm.Table[string, coin, string] {
	return fsm.Table[string, coin, string]{
		Initial: "closed",
		States:  []string{"closed", "open", "locked"},
		Inputs:  []coin{pay, push, lock},
		Symbol:  func(c coin) coin { return coin{kind: c.kind} },
		Transitions: []fsm.Transition[string, coin, string]{
			{From: "closed", Input: pay, To: "open", Output: "click", Require: enough, Ensure: noOverpay},
			{From: "closed", Input: lock, To: "locked"},
			{From: "open", Input: push, To: "closed", Output: "clack"},
			{From: "open", Input: pay, To: "open", Output: "thanks"},
		},
		Refusals: []fsm.Refusal[string, coin]{
			{From: "open", Input: lock, Rule: "somebody_inside", Reason: "somebody may be inside"},
		},
	}
}

var errPoor, errRich = errors.New("less than 20 cents"), errors.New("more than 100 cents")

func enough(_ string, in coin) error {
	if in.cents < 20 {
		return errPoor
	}
	return nil
}

func noOverpay(_ string, in coin, _, _ string) error {
	if in.cents > 100 {
		return errRich
	}
	return nil
}

func TestMealyStep(t *testing.T) {
	door := fsm.MustMealy(doorTable())
	tests := []struct {
		from   string
		in     coin
		to     string
		output string
		err    error
	}{
		{"closed", coin{"pay", 20}, "open", "click", nil},
		{"closed", coin{"pay", 19}, "closed", "", &fsm.PreconditionError{From: "closed", Input: "pay", Err: errPoor}},
		{"closed", coin{"pay", 101}, "closed", "", &fsm.PostconditionError{From: "closed", Input: "pay", To: "open", Err: errRich}},
		{"closed", push, "closed", "", &fsm.InvalidTransitionError{From: "closed", Input: "push"}},
		{"open", coin{"pay", 1}, "open", "thanks", nil},
		{"open", push, "closed", "clack", nil},
		{"open", lock, "open", "", &fsm.BusinessRuleError{From: "open", Input: "lock", Rule: "somebody_inside", Reason: "somebody may be inside"}},
		{"locked", pay, "locked", "", &fsm.InvalidTransitionError{From: "locked", Input: "pay"}},
		{"nowhere", pay, "nowhere", "", &fsm.InvalidTransitionError{From: "nowhere", Input: "pay"}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s %d", tt.from, tt.in, tt.in.cents), func(t *testing.T) {
			to, output, err := door.Step(tt.from, tt.in)
			if to != tt.to || output != tt.output {
				t.Errorf("Step = %q, %q, want %q, %q", to, output, tt.to, tt.output)
			}
			if !reflect.DeepEqual(err, tt.err) {
				t.Errorf("error = %v, want %v", err, tt.err)
			}
			if got := door.CanStep(tt.from, tt.in); got != (tt.err == nil) {
				t.Errorf("CanStep = %v beside error %v", got, err)
			}
		})
	}
}

func TestErrorsUnwrapToTheirCause(t *testing.T) {
	door := fsm.MustMealy(doorTable())
	if _, _, err := door.Step("closed", coin{"pay", 1}); !errors.Is(err, errPoor) {
		t.Errorf("precondition error %v does not unwrap to its cause", err)
	}
	if _, _, err := door.Step("closed", coin{"pay", 200}); !errors.Is(err, errRich) {
		t.Errorf("postcondition error %v does not unwrap to its cause", err)
	}
}

func TestListsAreInTheTablesOrder(t *testing.T) {
	door := fsm.MustMealy(doorTable())
	want := map[string][]coin{"closed": {pay, lock}, "open": {pay, push}, "locked": nil}
	for state, inputs := range want {
		if diff := cmp.Diff(inputs, door.ValidInputs(state), cmp.AllowUnexported(coin{})); diff != "" {
			t.Errorf("valid inputs of %s (-want +got):\n%s", state, diff)
		}
	}
	if diff := cmp.Diff([]string{"closed", "open", "locked"}, door.States()); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]coin{pay, push, lock}, door.Inputs(), cmp.AllowUnexported(coin{})); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]coin{pay}, door.Leading("closed", "open"), cmp.AllowUnexported(coin{})); diff != "" {
		t.Errorf("leading from closed to open (-want +got):\n%s", diff)
	}
	if door.Initial() != "closed" {
		t.Errorf("initial = %q, want closed", door.Initial())
	}
}

func TestMachineKeepsNothingOfItsTable(t *testing.T) {
	table := doorTable()
	door := fsm.MustMealy(table)
	table.Transitions[2].To, table.States[0], table.Refusals[0].Rule = "locked", "ajar", "changed"
	if to, _, err := door.Step("open", push); to != "closed" || err != nil {
		t.Errorf("Step = %q, %v after a change of the table, want closed", to, err)
	}
	if got := door.States()[0]; got != "closed" {
		t.Errorf("first state = %q after a change of the table, want closed", got)
	}
}

func TestMalformedTables(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*fsm.Table[string, coin, string])
		want  error
	}{
		{"two transitions in a cell", func(t *fsm.Table[string, coin, string]) {
			t.Transitions = append(t.Transitions, fsm.Transition[string, coin, string]{From: "open", Input: push, To: "locked"})
		}, &fsm.NondeterminismError{From: "open", Input: "push"}},
		{"transition and refusal in a cell", func(t *fsm.Table[string, coin, string]) {
			t.Refusals = append(t.Refusals, fsm.Refusal[string, coin]{From: "open", Input: push})
		}, &fsm.NondeterminismError{From: "open", Input: "push"}},
		{"two refusals in a cell", func(t *fsm.Table[string, coin, string]) {
			t.Refusals = append(t.Refusals, t.Refusals[0])
		}, &fsm.NondeterminismError{From: "open", Input: "lock"}},
		{"state twice", func(t *fsm.Table[string, coin, string]) {
			t.States = append(t.States, "open")
		}, &fsm.TableError{Reason: "state open is listed twice"}},
		{"input twice", func(t *fsm.Table[string, coin, string]) {
			t.Inputs = append(t.Inputs, push)
		}, &fsm.TableError{Reason: "input push is listed twice"}},
		{"unlisted initial state", func(t *fsm.Table[string, coin, string]) {
			t.Initial = "ajar"
		}, &fsm.TableError{Reason: "initial state ajar is not listed"}},
		{"unlisted source", func(t *fsm.Table[string, coin, string]) {
			t.Transitions[0].From = "ajar"
		}, &fsm.TableError{Reason: "state ajar has an entry and is not listed"}},
		{"unlisted target", func(t *fsm.Table[string, coin, string]) {
			t.Transitions[0].To = "ajar"
		}, &fsm.TableError{Reason: "pay in closed leads to ajar, which is not listed"}},
		{"unlisted refusal input", func(t *fsm.Table[string, coin, string]) {
			t.Refusals[0].Input = coin{kind: "kick"}
		}, &fsm.TableError{Reason: "input kick has an entry and is not listed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := doorTable()
			tt.spoil(&table)
			m, err := fsm.NewMealy(table)
			if diff := cmp.Diff(tt.want, err); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if m != nil {
				t.Error("a machine came with the error")
			}
		})
	}
}

func TestMustMealyPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustMealy accepted a table without states")
		}
	}()
	fsm.MustMealy(fsm.Table[string, string, string]{Initial: "lost"})
}

func TestInvariantsHoldForReachableStates(t *testing.T) {
	errLocked := errors.New("nobody gets in")
	table := doorTable()
	table.Invariants = []fsm.Invariant[string]{{Name: "enterable", Check: func(s string) error {
		if s == "locked" {
			return errLocked
		}
		return nil
	}}}
	_, err := fsm.NewMealy(table)
	var broken *fsm.InvariantError
	if !errors.As(err, &broken) || broken.State != "locked" || broken.Invariant != "enterable" || !errors.Is(err, errLocked) {
		t.Fatalf("error = %v, want enterable broken in locked", err)
	}

	table.Transitions = append(table.Transitions[:1], table.Transitions[2:]...) // no way to locked any more
	door, err := fsm.NewMealy(table)
	if err != nil {
		t.Fatalf("error = %v although locked is out of reach", err)
	}
	if diff := cmp.Diff([]string{"locked"}, door.Unreachable()); diff != "" {
		t.Errorf("unreachable (-want +got):\n%s", diff)
	}
}
