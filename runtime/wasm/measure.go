package wasm

import (
	"context"

	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
)

// Spent is the fuel that folding a batch took.
type Spent struct {
	// Events is what each event took, by its index in the batch; empty for a guest
	// that marks none.
	Events []int64
	// Rest is what the guest did before its first event and behind its last.
	Rest int64
}

// LoadMeasured loads a module like Load, to be looked at: its instances tell by
// FoldMeasured what folding costs. Each event then costs some 50 units more, for
// the call of the host that marks it, and takes more time.
func (h *Host) LoadMeasured(ctx context.Context, path string, limits Limits) (*Module, error) {
	return h.loadProjection(ctx, path, limits, true)
}

// FoldMeasured folds like Fold, with an instance of a module that LoadMeasured
// has loaded.
func (i *Instance) FoldMeasured(ctx context.Context, batch []byte) (result []byte, spent Spent, err error) {
	m := meterReading{budget: &i.budget, at: noEvents}
	i.guest.Mark = m.mark
	defer func() { i.guest.Mark = nil }()
	result, err = i.Fold(ctx, batch)
	m.note()
	return result, m.spent, err
}

// meterReading reads the fuel at each mark.
type meterReading struct {
	budget *budget
	spent  Spent
	at     int   // the event that is being folded, or noEvents
	from   int64 // what there was when it began
}

// mark is called in the place of the code that marks an event, and does what that
// does, but for minding the order.
func (m *meterReading) mark(index uint32) {
	m.note()
	b := m.budget
	b.event.Set(uint64(index))
	m.from = left(b.eventFuel)
	m.at = int(index)
	if int64(index) >= left(b.events) {
		m.from, m.at = left(b.restFuel), noEvents
	}
	b.fuel.Set(uint64(m.from))
}

// note notes what was spent since the last mark.
func (m *meterReading) note() {
	if m.from == 0 {
		m.from = left(m.budget.restFuel)
	}
	spent := m.from - left(m.budget.fuel)
	if m.at == noEvents {
		m.spent.Rest += spent
		return
	}
	for len(m.spent.Events) <= m.at {
		m.spent.Events = append(m.spent.Events, 0)
	}
	m.spent.Events[m.at] += spent
}

// Marks reports whether the module can mark its events, so that each has a budget of
// its own.
func (m *Module) Marks() bool {
	for _, name := range m.imports {
		if name == imports.ModuleRefold+"."+imports.BeginEvent {
			return true
		}
	}
	return false
}
