package fsm

import (
	"slices"
	"time"
)

// Machine is what a [History] drives: a Mealy or a Moore machine, or any other
// pure step function.
type Machine[S, I, O any] interface {
	Step(S, I) (S, O, error)
}

// Record is one step that was taken.
type Record[S, I, O any] struct {
	From   S
	Input  I
	To     S
	Output O
	Time   time.Time
}

// History is a machine in a current state, with the latest steps that led
// there. It is not safe for concurrent use.
type History[S, I, O any] struct {
	machine Machine[S, I, O]
	current S
	records []Record[S, I, O]
	limit   int
	dropped int
}

// NewHistory starts a machine in a state, with no steps behind it. It will keep
// the latest limit steps; with a limit of 0 or less, none.
func NewHistory[S, I, O any](m Machine[S, I, O], initial S, limit int) *History[S, I, O] {
	return &History[S, I, O]{machine: m, current: initial, limit: max(limit, 0)}
}

// Step takes a step at a given time. On error nothing has changed.
func (h *History[S, I, O]) Step(in I, at time.Time) (O, error) {
	to, out, err := h.machine.Step(h.current, in)
	if err != nil {
		var none O
		return none, err
	}
	h.keep(Record[S, I, O]{h.current, in, to, out, at})
	h.current = to
	return out, nil
}

// Current is the state in which the machine stands.
func (h *History[S, I, O]) Current() S { return h.current }

// Records lists the steps that are kept, oldest first.
func (h *History[S, I, O]) Records() []Record[S, I, O] { return slices.Clone(h.records) }

// Dropped counts the steps that were taken and are no longer kept.
func (h *History[S, I, O]) Dropped() int { return h.dropped }

func (h *History[S, I, O]) keep(r Record[S, I, O]) {
	h.records = append(h.records, r)
	if excess := len(h.records) - h.limit; excess > 0 {
		h.records = slices.Delete(h.records, 0, excess)
		h.dropped += excess
	}
}
