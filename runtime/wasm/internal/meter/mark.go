package meter

import "github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"

// Disorder is what the counter of events holds after a trap for marking events
// out of order.
const Disorder = -2

// markBody is the function that is called at the start of each event, with its
// index in the batch as i32: a later one than at the call before, at most their
// number, which stands for the end of the last one. It notes the index and
// fills up the fuel: for one event, or at the end for what comes then. What was left
// before is not spent.
func (m *module) markBody() []byte {
	w := &writer{}
	const index = 0 // parameter
	given := func() {
		w.index(wasmfile.OpLocalGet, index)
		w.op(opI64ExtendU)
	}
	w.out = append(w.out, 0) // no locals
	given()
	w.index(wasmfile.OpGlobalGet, m.event)
	w.op(opI64LeS)
	given()
	w.index(wasmfile.OpGlobalGet, m.events)
	w.op(opI64GtS, opI32Or)
	w.op(wasmfile.OpIf)
	w.out = append(w.out, emptyBlock)
	w.constant(Disorder)
	w.index(wasmfile.OpGlobalSet, m.event)
	w.op(wasmfile.OpUnreachable, wasmfile.OpEnd)
	given()
	w.index(wasmfile.OpGlobalSet, m.event)

	w.index(wasmfile.OpGlobalGet, m.spent)
	w.index(wasmfile.OpGlobalGet, m.fuel)
	w.op(opI64Sub)
	w.index(wasmfile.OpGlobalGet, m.restFuel)
	w.index(wasmfile.OpGlobalGet, m.eventFuel)
	given()
	w.index(wasmfile.OpGlobalGet, m.events)
	w.op(opI64Eq, opSelect)
	w.index(wasmfile.OpGlobalSet, m.fuel)
	w.index(wasmfile.OpGlobalGet, m.fuel)
	w.op(opI64Add)
	w.index(wasmfile.OpGlobalSet, m.spent)
	w.op(wasmfile.OpEnd)
	return w.out
}
