package meter

import "github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"

// emit writes the function's body anew:
//
//	block            ;; a branch to its end traps: a budget is used up
//	  block results  ;; a branch to its end returns
//	    charge for the entry
//	    the code, with charges
//	  end
//	  put the fuel back, if it is kept in a local; give back the stack
//	  return
//	end
//	unreachable
//
// Labels inside keep their numbers: the one of the function is that of the
// inner block now.
func (f *function) emit() []byte {
	f.out = make([]byte, 0, len(f.body.Code)+len(f.body.Code)/4+64)
	f.locals()
	f.op(wasmfile.OpBlock)
	f.out = append(f.out, emptyBlock)
	f.op(wasmfile.OpBlock)
	f.out = append(f.out, f.module.blockType(f.results)...)
	f.enter(f.points[0].cost)
	next, depth := 1, 0
	for i := range f.code {
		in := &f.code[i]
		if next < len(f.points) && f.points[next].before == i {
			f.charge(f.points[next].cost, depth)
			next++
		}
		f.instruction(in, depth)
		switch in.Op {
		case wasmfile.OpBlock, wasmfile.OpLoop, wasmfile.OpIf:
			depth++
		case wasmfile.OpEnd:
			depth--
		}
	}
	f.leave()
	return f.out
}

// locals declares the function's locals and those that are added: the fuel, if
// it is kept in one, and an operand and a result of an instruction.
func (f *function) locals() {
	groups := f.body.Groups
	var added []byte
	next := uint32(f.params) + f.body.LocalCount
	if f.tight {
		f.fuel = next
		added, groups, next = append(added, 1, byte(wasmfile.I64)), groups+1, next+1
	}
	if f.counts {
		f.operand, f.result = next, next+1
		added, groups = append(added, 2, byte(wasmfile.I32)), groups+1
	}
	f.out = wasmfile.AppendUnsigned(f.out, groups)
	f.out = append(append(f.out, f.body.Locals...), added...)
}

// enter charges for the entry and takes the stack.
func (f *function) enter(cost int64) {
	f.index(wasmfile.OpGlobalGet, f.module.fuel)
	f.constant(cost)
	f.op(opI64Sub)
	f.setFuel()
	f.getFuel()
	if f.counted {
		f.index(wasmfile.OpGlobalGet, f.module.stack)
		f.constant(f.weight())
		f.op(opI64Sub)
		f.index(wasmfile.OpGlobalSet, f.module.stack)
		f.index(wasmfile.OpGlobalGet, f.module.stack)
		f.op(opI64Or) // negative if one of the two is
	}
	f.trapIfNegative(0)
}

func (f *function) leave() {
	if f.tight {
		f.spill()
	}
	if f.counted {
		f.index(wasmfile.OpGlobalGet, f.module.stack)
		f.constant(f.weight())
		f.op(opI64Add)
		f.index(wasmfile.OpGlobalSet, f.module.stack)
	}
	f.op(wasmfile.OpReturn, wasmfile.OpEnd)
	if f.tight {
		f.spill()
	}
	f.op(wasmfile.OpUnreachable, wasmfile.OpEnd)
}

// instruction writes an instruction of the original, and what it needs around
// it.
func (f *function) instruction(in *wasmfile.Instruction, depth int) {
	raw := f.body.Code[in.At:in.End]
	if changes(in.Op) {
		f.index(wasmfile.OpGlobalGet, f.module.changes)
		f.constant(1)
		f.op(opI64Add)
		f.index(wasmfile.OpGlobalSet, f.module.changes)
	}
	f.drops(in)
	switch in.Op {
	case wasmfile.OpReturn:
		f.index(wasmfile.OpBr, uint32(depth))
	case wasmfile.OpCall:
		f.call(func() { f.index(wasmfile.OpCall, f.module.target(in.Index)) })
	case wasmfile.OpCallIndirect:
		f.call(func() { f.out = append(f.out, raw...) })
	case wasmfile.OpRefFunc:
		f.reference(in)
	case wasmfile.OpMemoryInit, wasmfile.OpMemoryCopy, wasmfile.OpMemoryFill:
		f.chargeLength(depth, shiftBytes)
		f.out = append(f.out, raw...)
	case wasmfile.OpTableInit, wasmfile.OpTableCopy, wasmfile.OpTableFill:
		f.chargeLength(depth, 0)
		f.out = append(f.out, raw...)
	case wasmfile.OpMemoryGrow:
		f.grow(raw, depth, costGrown)
	case wasmfile.OpTableGrow:
		f.grow(raw, depth, costElement)
	default:
		f.out = append(f.out, raw...)
	}
}

// call writes a call: whoever is called charges the global.
func (f *function) call(write func()) {
	if f.tight {
		f.spill()
	}
	write()
	if f.tight {
		f.index(wasmfile.OpGlobalGet, f.module.fuel)
		f.setFuel()
	}
}

// changes reports whether an instruction changes a table or drops a segment.
func changes(op wasmfile.Op) bool {
	switch op {
	case wasmfile.OpTableSet, wasmfile.OpTableInit, wasmfile.OpTableCopy, wasmfile.OpTableGrow, wasmfile.OpTableFill,
		wasmfile.OpDataDrop, wasmfile.OpElemDrop:
		return true
	}
	return false
}
