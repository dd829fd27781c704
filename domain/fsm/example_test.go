package fsm_test

import (
	"fmt"

	"github.com/refold-dev/refold/domain/fsm"
)

func Example() {
	door, err := fsm.NewMealy(fsm.Table[string, string, string]{
		Initial: "closed",
		States:  []string{"closed", "open"},
		Inputs:  []string{"push", "pull"},
		Transitions: []fsm.Transition[string, string, string]{
			{From: "closed", Input: "push", To: "open", Output: "creak"},
			{From: "open", Input: "pull", To: "closed"},
		},
		Refusals: []fsm.Refusal[string, string]{
			{From: "open", Input: "push", Rule: "already_open", Reason: "the door is open"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	state := door.Initial()
	for _, in := range []string{"push", "push", "pull", "pull"} {
		next, out, err := door.Step(state, in)
		fmt.Printf("%s %s: %s %q %v\n", state, in, next, out, err)
		state = next
	}
	// Output:
	// closed push: open "creak" <nil>
	// open push: open "" open refuses push: the door is open
	// open pull: closed "" <nil>
	// closed pull: closed "" invalid transition: closed does not take pull
}
