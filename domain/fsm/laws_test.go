package fsm_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/fsm"
)

// drawTable draws a deterministic table over up to 5 states and 4 inputs.
func drawTable(t *rapid.T) fsm.Table[int, int, int] {
	states, inputs := rapid.IntRange(1, 5).Draw(t, "states"), rapid.IntRange(1, 4).Draw(t, "inputs")
	table := fsm.Table[int, int, int]{Initial: rapid.IntRange(0, states-1).Draw(t, "initial")}
	for s := range states {
		table.States = append(table.States, s)
	}
	for in := range inputs {
		table.Inputs = append(table.Inputs, in)
	}
	for s := range states {
		for in := range inputs {
			switch rapid.SampledFrom([]string{"leads", "refuses", "blank"}).Draw(t, "cell") {
			case "leads":
				to := rapid.IntRange(0, states-1).Draw(t, "to")
				table.Transitions = append(table.Transitions, fsm.Transition[int, int, int]{From: s, Input: in, To: to, Output: 10*s + in})
			case "refuses":
				table.Refusals = append(table.Refusals, fsm.Refusal[int, int]{From: s, Input: in, Rule: "drawn"})
			}
		}
	}
	return table
}

func TestEveryDeterministicTableIsAMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := drawTable(t)
		m, err := fsm.NewMealy(table)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range table.States {
			valid := m.ValidInputs(s)
			for _, in := range table.Inputs {
				checkCell(t, table, m, s, in, slices.Contains(valid, in))
			}
		}
		if a, b := m.Mermaid(nil), fsm.MustMealy(table).Mermaid(nil); a != b {
			t.Fatalf("two diagrams of one table:\n%s\n%s", a, b)
		}
	})
}

func checkCell(t *rapid.T, table fsm.Table[int, int, int], m *fsm.Mealy[int, int, int], s, in int, valid bool) {
	i := slices.IndexFunc(table.Transitions, func(tr fsm.Transition[int, int, int]) bool { return tr.From == s && tr.Input == in })
	to, out, err := m.Step(s, in)
	if (err == nil) != (i >= 0) || m.CanStep(s, in) != (i >= 0) || valid != (i >= 0) {
		t.Fatalf("cell %d, %d: error %v, CanStep %v, valid %v, transition %d", s, in, err, m.CanStep(s, in), valid, i)
	}
	if i < 0 {
		if to != s || out != 0 {
			t.Fatalf("cell %d, %d: refused with state %d and output %d", s, in, to, out)
		}
		return
	}
	if tr := table.Transitions[i]; to != tr.To || out != tr.Output {
		t.Fatalf("cell %d, %d: %d, %d, want %d, %d", s, in, to, out, tr.To, tr.Output)
	}
	if !slices.Contains(m.Leading(s, to), in) {
		t.Fatalf("cell %d, %d: not among those leading to %d", s, in, to)
	}
}

func TestReachableStatesAreThoseThatWalksVisit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := drawTable(t)
		m := fsm.MustMealy(table)
		visited := map[int]bool{table.Initial: true}
		for range table.States { // the longest shortest path visits each state once
			for s := range table.States {
				for _, in := range m.ValidInputs(s) {
					if to, _, _ := m.Step(s, in); visited[s] {
						visited[to] = true
					}
				}
			}
		}
		for _, s := range table.States {
			if visited[s] == slices.Contains(m.Unreachable(), s) {
				t.Fatalf("state %d: visited %v, unreachable %v", s, visited[s], m.Unreachable())
			}
		}
	})
}

func TestHistoryIsTheFoldOfItsMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := drawTable(t)
		m := fsm.MustMealy(table)
		h := fsm.NewHistory(m, table.Initial, 5)
		current := table.Initial
		var taken []fsm.Record[int, int, int]
		for i, in := range rapid.SliceOfN(rapid.IntRange(0, 4), 0, 20).Draw(t, "inputs") {
			to, out, err := m.Step(current, in)
			_, stepErr := h.Step(in, at(i))
			if (err == nil) != (stepErr == nil) {
				t.Fatalf("machine says %v, history %v", err, stepErr)
			}
			if err == nil {
				taken = append(taken, fsm.Record[int, int, int]{From: current, Input: in, To: to, Output: out, Time: at(i)})
				current = to
			}
			if h.Current() != current || h.Dropped() != max(len(taken)-5, 0) {
				t.Fatalf("history in %d with %d dropped, machine in %d after %d steps", h.Current(), h.Dropped(), current, len(taken))
			}
		}
		latest := taken[max(len(taken)-5, 0):]
		if diff := cmp.Diff(latest, h.Records()); diff != "" && len(latest) > 0 {
			t.Fatalf("records (-want +got):\n%s", diff)
		}
	})
}
