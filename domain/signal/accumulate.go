package signal

import (
	"cmp"
	"slices"
	"sort"
)

// stride is how many occurrences lie between two kept states at most.
const stride = 16

// Accumulate is the state of a history at each time: the fold, in the order
// recorded, of those occurrences whose time is not after t; the initial state
// before the first. Times may go back within the history. So what was recorded
// late changes the state from its own time on, in the place where it was
// recorded, and the state at MaxTime is the fold of the whole history.
//
// Evolve must be pure and leave the state it is given as it is.
//
// All folding but the last few steps is done here, once: n steps for n
// occurrences in order, and one more for each pair of occurrences that were
// recorded in the other order than they happened, up to n²/2 for a history that
// is wholly reversed, and up to 15 for each occurrence that has such a partner
// recorded after it. To sample costs O(log n) and at most 15 steps, wherever
// and in whichever order. Kept in memory are the occurrences, one state for 16
// of them, and one for each that has an earlier one recorded after it: never
// more than n + 1 states, which share whatever evolve does not copy.
func Accumulate[S, E any](recorded []Occurrence[E], initial S, evolve func(S, E) S) Behavior[S] {
	need(evolve != nil, "Accumulate")
	h := accumulate(recorded, initial, evolve)
	return Behavior[S]{h.at}
}

// history is a history ready to be sampled: its occurrences by time, and marks,
// from each of which to the next one the occurrences by time are also in the
// order recorded, and after all that the mark includes.
type history[S, E any] struct {
	byTime DiscreteEvent[E]
	marks  []mark[S] // by rank; the first is the initial state
	evolve func(S, E) S
}

// mark is the state after the first so many occurrences by time.
type mark[S any] struct {
	rank  int
	state S
}

func (h *history[S, E]) at(t Time) S {
	rank := h.byTime.until(t)
	next := sort.Search(len(h.marks), func(i int) bool { return h.marks[i].rank > rank })
	from := h.marks[next-1]
	for _, o := range h.byTime.occurrences[from.rank:rank] {
		from.state = h.evolve(from.state, o.Value)
	}
	return from.state
}

func accumulate[S, E any](recorded []Occurrence[E], initial S, evolve func(S, E) S) *history[S, E] {
	h := &history[S, E]{evolve: evolve, marks: []mark[S]{{0, initial}}}
	p := replay[S, E]{recorded: recorded, evolve: evolve, states: []S{initial}, last: initial}
	order := make([]int, len(recorded))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(recorded[i].Time, recorded[j].Time) })
	h.byTime.occurrences = make([]Occurrence[E], len(recorded))
	for rank, i := range order {
		h.byTime.occurrences[rank] = recorded[i]
		late := p.insert(i)
		if newest := h.marks[len(h.marks)-1].rank; late || rank+1-newest == stride {
			h.marks = append(h.marks, mark[S]{rank + 1, p.last})
		}
	}
	return h
}

// replay is a fold into which occurrences are put in any order, and which keeps
// them in the order recorded.
type replay[S, E any] struct {
	recorded []Occurrence[E]
	evolve   func(S, E) S
	applied  []int // ascending indices into recorded
	states   []S   // after each stride of applied; the first is the initial state
	last     S     // after all of applied
}

// insert reports whether occurrence i belongs before others that are already
// there, so that these had to be folded again.
func (p *replay[S, E]) insert(i int) bool {
	place, _ := slices.BinarySearch(p.applied, i)
	late := place < len(p.applied)
	p.applied = slices.Insert(p.applied, place, i)
	if late {
		p.states = p.states[:place/stride+1]
		p.last = p.states[place/stride]
		place = place / stride * stride
	}
	for ; place < len(p.applied); place++ {
		p.last = p.evolve(p.last, p.recorded[p.applied[place]].Value)
		if (place+1)%stride == 0 {
			p.states = append(p.states, p.last)
		}
	}
	return late
}
