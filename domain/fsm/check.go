package fsm

import (
	"fmt"
	"slices"
)

// checkNames refuses states and inputs that are listed twice, or used without
// being listed.
func checkNames[S, I comparable, O any](t *Table[S, I, O]) error {
	if twice, ok := repeated(t.States); ok {
		return &TableError{fmt.Sprintf("state %v is listed twice", twice)}
	}
	if twice, ok := repeated(t.Inputs); ok {
		return &TableError{fmt.Sprintf("input %v is listed twice", twice)}
	}
	if !slices.Contains(t.States, t.Initial) {
		return &TableError{fmt.Sprintf("initial state %v is not listed", t.Initial)}
	}
	for _, tr := range t.Transitions {
		if err := checkCell(t, tr.From, tr.Input); err != nil {
			return err
		}
		if !slices.Contains(t.States, tr.To) {
			return &TableError{fmt.Sprintf("%v in %v leads to %v, which is not listed", tr.Input, tr.From, tr.To)}
		}
	}
	for _, r := range t.Refusals {
		if err := checkCell(t, r.From, r.Input); err != nil {
			return err
		}
	}
	return nil
}

func checkCell[S, I comparable, O any](t *Table[S, I, O], from S, in I) error {
	if !slices.Contains(t.States, from) {
		return &TableError{fmt.Sprintf("state %v has an entry and is not listed", from)}
	}
	if !slices.Contains(t.Inputs, in) {
		return &TableError{fmt.Sprintf("input %v has an entry and is not listed", in)}
	}
	return nil
}

func repeated[T comparable](list []T) (twice T, found bool) {
	for i, v := range list {
		if slices.Contains(list[:i], v) {
			return v, true
		}
	}
	return twice, false
}

// fill puts each entry into its cell and refuses a cell that is already taken.
func (m *Mealy[S, I, O]) fill() error {
	taken := map[cell[S, I]]bool{}
	take := func(at cell[S, I]) error {
		if taken[at] {
			return &NondeterminismError{text(at.from), text(at.in)}
		}
		taken[at] = true
		return nil
	}
	for _, t := range m.table.Transitions {
		at := cell[S, I]{t.From, t.Input}
		if err := take(at); err != nil {
			return err
		}
		m.transitions[at] = t
	}
	for _, r := range m.table.Refusals {
		at := cell[S, I]{r.From, r.Input}
		if err := take(at); err != nil {
			return err
		}
		m.refusals[at] = r
	}
	return nil
}

func (m *Mealy[S, I, O]) checkInvariants(invariants []Invariant[S]) error {
	reached := m.reachable()
	for _, s := range m.table.States {
		if !reached[s] {
			continue
		}
		for _, inv := range invariants {
			if err := inv.Check(s); err != nil {
				return &InvariantError{text(s), inv.Name, err}
			}
		}
	}
	return nil
}

// reachable is the set of states to which a path of transitions leads.
func (m *Mealy[S, I, O]) reachable() map[S]bool {
	reached := map[S]bool{m.table.Initial: true}
	frontier := []S{m.table.Initial}
	for len(frontier) > 0 {
		from := frontier[0]
		frontier = frontier[1:]
		for _, t := range m.table.Transitions {
			if t.From == from && !reached[t.To] {
				reached[t.To] = true
				frontier = append(frontier, t.To)
			}
		}
	}
	return reached
}
