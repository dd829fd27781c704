package fsm_test

import (
	"errors"
	"testing"

	"github.com/refold-dev/refold/domain/fsm"
)

func TestErrorText(t *testing.T) {
	cause := errors.New("no")
	for want, err := range map[string]error{
		"invalid transition: dark does not take timer":             &fsm.InvalidTransitionError{From: "dark", Input: "timer"},
		"dark refuses timer: there is no power":                    &fsm.BusinessRuleError{From: "dark", Input: "timer", Rule: "no_power", Reason: "there is no power"},
		"precondition of pay in closed: no":                        &fsm.PreconditionError{From: "closed", Input: "pay", Err: cause},
		"postcondition of pay from closed to open: no":             &fsm.PostconditionError{From: "closed", Input: "pay", To: "open", Err: cause},
		"table is not deterministic: two entries for push in open": &fsm.NondeterminismError{From: "open", Input: "push"},
		"table: state open is listed twice":                        &fsm.TableError{Reason: "state open is listed twice"},
		"invariant enterable in locked: no":                        &fsm.InvariantError{State: "locked", Invariant: "enterable", Err: cause},
	} {
		if err.Error() != want {
			t.Errorf("%T: %s, want %s", err, err, want)
		}
	}
}
