package fsm_test

import (
	"errors"
	"testing"

	"github.com/refold-dev/refold/domain/fsm"
)

func trafficLight(t *testing.T) *fsm.Moore[string, string, int] {
	t.Helper()
	m, err := fsm.NewMoore(fsm.MooreTable[string, string, int]{
		Initial: "red",
		States:  []fsm.MooreState[string, int]{{State: "red", Output: 30}, {State: "green", Output: 20}, {State: "dark", Output: 0}},
		Inputs:  []string{"timer", "failure"},
		Moves: []fsm.Move[string, string]{
			{From: "red", Input: "timer", To: "green"},
			{From: "green", Input: "timer", To: "red"},
			{From: "red", Input: "failure", To: "dark"},
			{From: "green", Input: "failure", To: "dark"},
		},
		Refusals: []fsm.Refusal[string, string]{{From: "dark", Input: "timer", Rule: "no_power", Reason: "there is no power"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMooreOutputIsTheStates(t *testing.T) {
	light := trafficLight(t)
	if got := light.Output(light.Initial()); got != 30 {
		t.Errorf("output of the initial state = %d, want 30", got)
	}
	for _, from := range light.States() {
		for _, in := range light.ValidInputs(from) {
			to, out, err := light.Step(from, in)
			if err != nil || out != light.Output(to) {
				t.Errorf("%s in %s: output %d, error %v; the output of %s is %d", in, from, out, err, to, light.Output(to))
			}
		}
	}
	if got := light.Output("blue"); got != 0 {
		t.Errorf("output of a foreign state = %d, want 0", got)
	}
}

func TestMooreRefusesAsMealyDoes(t *testing.T) {
	_, _, err := trafficLight(t).Step("dark", "timer")
	var rule *fsm.BusinessRuleError
	if !errors.As(err, &rule) || rule.Rule != "no_power" {
		t.Errorf("error = %v, want the rule no_power", err)
	}
	_, err = fsm.NewMoore(fsm.MooreTable[string, string, int]{
		Initial: "red",
		States:  []fsm.MooreState[string, int]{{State: "red"}},
		Inputs:  []string{"timer"},
		Moves: []fsm.Move[string, string]{
			{From: "red", Input: "timer", To: "red"},
			{From: "red", Input: "timer", To: "red"},
		},
	})
	var nondeterministic *fsm.NondeterminismError
	if !errors.As(err, &nondeterministic) {
		t.Errorf("error = %v, want a nondeterminism error", err)
	}
}
