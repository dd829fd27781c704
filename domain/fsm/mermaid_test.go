package fsm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/fsm"
)

func TestMermaid(t *testing.T) {
	const want = `stateDiagram-v2
    [*] --> closed
    closed --> open : pay / click
    closed --> locked : lock
    open --> closed : push / clack
    open --> open : pay / thanks
    locked --> [*]
`
	got := fsm.MustMealy(doorTable()).Mermaid(func(out string) string { return out })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("diagram (-want +got):\n%s", diff)
	}
}

func TestMermaidAliasesStatesThatAreNoWords(t *testing.T) {
	m := fsm.MustMealy(fsm.Table[string, string, int]{
		Initial: "up \"now\"",
		States:  []string{"up \"now\"", "end"},
		Inputs:  []string{"kill;\n9"},
		Transitions: []fsm.Transition[string, string, int]{
			{From: "up \"now\"", Input: "kill;\n9", To: "end", Output: 1},
		},
	})
	const want = `stateDiagram-v2
    state "up 'now'" as s0
    state "end" as s1
    [*] --> s0
    s0 --> s1 : kill, 9
    s1 --> [*]
`
	if diff := cmp.Diff(want, m.Mermaid(nil)); diff != "" {
		t.Errorf("diagram (-want +got):\n%s", diff)
	}
}
