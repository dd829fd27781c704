package wasm

import (
	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
)

// callEvents is how many events a call counts as that folds none: one that
// starts an instance, makes room for its input, or asks for its manifest or its
// state. A fold does not count as more outside of its events.
const callEvents = 64

// budget is what an instance may use, in counters that its own code keeps.
type budget struct {
	fuel, stack, event, events, eventFuel, restFuel, changes, spent api.MutableGlobal
}

func newBudget(m api.Module) budget {
	counter := func(name string) api.MutableGlobal { return m.ExportedGlobal(name).(api.MutableGlobal) }
	return budget{counter(meter.Fuel), counter(meter.Stack), counter(meter.Event), counter(meter.Events), counter(meter.EventFuel),
		counter(meter.RestFuel), counter(meter.Changes), counter(meter.Spent)}
}

// grant fills the budget up for a call that folds so many events, or noEvents.
// Outside of them, before the first is marked and behind the last, a fold has
// fuel for all of them and one more, but not for more than callEvents. Nothing
// overflows: an event has at most 2^40 units.
func (b *budget) grant(l *Limits, events int) {
	fuels, before := int64(min(events+1, callEvents)), int64(-1)
	if events == noEvents {
		fuels = callEvents
	}
	b.fuel.Set(uint64(l.FuelPerEvent * fuels))
	b.restFuel.Set(uint64(l.FuelPerEvent * fuels))
	b.spent.Set(uint64(l.FuelPerEvent * fuels))
	b.stack.Set(uint64(l.StackSlots))
	b.event.Set(uint64(before))
	b.events.Set(uint64(events))
	b.eventFuel.Set(uint64(l.FuelPerEvent))
}

// maxScriptFuel bounds what running a script once may cost, so that whoever loads
// one that never ends waits for seconds, not for minutes.
const maxScriptFuel = defaultFuelPerEvent

// grantScript fills the budget up for refold_load.
func (b *budget) grantScript(l *Limits) {
	b.grant(l, noEvents)
	fuel := uint64(min(l.FuelPerEvent*callEvents, maxScriptFuel))
	b.fuel.Set(fuel)
	b.restFuel.Set(fuel)
	b.spent.Set(fuel)
}

// used is the fuel that a call has used which has been granted some.
func (b *budget) used() uint64 { return uint64(max(left(b.spent)-left(b.fuel), 0)) }

// usedUp says which budget, if any, ended a call.
func (b *budget) usedUp() (fuel, stack, disorder bool) {
	return left(b.fuel) < 0, left(b.stack) < 0, left(b.event) == meter.Disorder
}

func left(counter api.Global) int64 { return int64(counter.Get()) }

// current is the index of the event that is being folded; ok is false outside
// of one.
func (b *budget) current() (index int, ok bool) {
	at := left(b.event)
	return int(at), at >= 0 && at < left(b.events)
}
