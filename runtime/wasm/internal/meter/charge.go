package meter

import "github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"

// charge charges a cost that is known.
func (f *function) charge(cost int64, depth int) {
	if cost == 0 {
		return // code that is never reached
	}
	f.getFuel()
	f.constant(cost)
	f.op(opI64Sub)
	f.setFuel()
	f.getFuel()
	f.trapIfNegative(depth)
}

// chargeLength charges by the operand on top of the stack, a length, and leaves
// it there.
func (f *function) chargeLength(depth int, shift int64) {
	f.index(wasmfile.OpLocalTee, f.operand)
	f.getFuel()
	f.index(wasmfile.OpLocalGet, f.operand)
	f.op(opI64ExtendU)
	f.constant(shift)
	f.op(opI64ShrU, opI64Sub)
	f.setFuel()
	f.getFuel()
	f.trapIfNegative(depth)
}

// grow writes an instruction that grows memory or a table by the operand on top
// of the stack, and then charges for it unless it has failed.
func (f *function) grow(raw []byte, depth int, each int64) {
	f.index(wasmfile.OpLocalTee, f.operand)
	f.out = append(f.out, raw...)
	f.index(wasmfile.OpLocalTee, f.result)
	f.getFuel()
	f.index(wasmfile.OpLocalGet, f.operand)
	f.op(opI64ExtendU)
	f.constant(each)
	f.op(opI64Mul)
	f.index(wasmfile.OpLocalGet, f.result)
	f.constant32(-1)
	f.op(opI32Ne, opI64ExtendU, opI64Mul, opI64Sub)
	f.setFuel()
	f.getFuel()
	f.trapIfNegative(depth)
}

// trapIfNegative takes a number from the stack; at depth, the blocks that are
// open in the original's code, the outer block is two further out.
func (f *function) trapIfNegative(depth int) {
	f.constant(0)
	f.op(opI64LtS)
	f.index(wasmfile.OpBrIf, uint32(depth)+1)
}

func (f *function) getFuel() {
	if f.tight {
		f.index(wasmfile.OpLocalGet, f.fuel)
		return
	}
	f.index(wasmfile.OpGlobalGet, f.module.fuel)
}

func (f *function) setFuel() {
	if f.tight {
		f.index(wasmfile.OpLocalSet, f.fuel)
		return
	}
	f.index(wasmfile.OpGlobalSet, f.module.fuel)
}

// spill puts the fuel from its local into the global.
func (f *function) spill() {
	f.index(wasmfile.OpLocalGet, f.fuel)
	f.index(wasmfile.OpGlobalSet, f.module.fuel)
}
