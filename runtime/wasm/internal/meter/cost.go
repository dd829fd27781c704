package meter

import "github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"

// Costs in units of fuel. A unit is about what the simplest instruction takes.
const (
	costSimple   = 1
	costDivision = 10      // integer division and remainder
	costBranches = 3       // br_table
	costCall     = 4       // of a function of the module
	costIndirect = 8       // through a table
	costImport   = 50      // leaves the machine code; what the import does costs extra
	costRuntime  = 50      // an instruction that calls the runtime
	costVector   = 2       // SIMD
	costGrown    = 1 << 13 // a page of memory: 64 KiB to be zeroed
	costElement  = 1       // an element of a table
	shiftBytes   = 3       // bulk memory operations cost one unit for 8 bytes

	// costEntry is what entering a function costs beside its code.
	costEntry = 1
)

// cost is what an instruction costs wherever it stands. What depends on an
// operand, a length, is charged beside it.
func (m *module) cost(in *wasmfile.Instruction) int64 {
	switch op := in.Op; {
	case op == wasmfile.OpNop, op == wasmfile.OpBlock, op == wasmfile.OpElse, op == wasmfile.OpEnd:
		return 0
	case op == wasmfile.OpBrTable:
		return costBranches
	case op == wasmfile.OpCall && m.callsImport(in.Index):
		return costImport
	case op == wasmfile.OpCall:
		return costCall
	case op == wasmfile.OpCallIndirect:
		return costIndirect
	case op >= wasmfile.OpI32DivS && op <= wasmfile.OpI32RemU, op >= wasmfile.OpI64DivS && op <= wasmfile.OpI64RemU:
		return costDivision
	case op == wasmfile.OpRefFunc, op == wasmfile.OpMemoryGrow, op >= wasmfile.OpMemoryInit && op <= wasmfile.OpTableFill:
		return costRuntime
	case op >= wasmfile.OpVector:
		return costVector
	}
	return costSimple
}

// Weights of a function on the stack, in slots.
const (
	weightFrame = 8
	// codePerSlot is how many instructions count as one slot: a compiler keeps
	// values of its own in the frame, the more the longer the code. So does one
	// of the values that calls and blocks take and leave.
	codePerSlot = 4
	// freeLeaf is how heavy a function that calls none may be to be left out of
	// account: there is only ever one of them on the stack.
	freeLeaf = 64
)

// weight is what a call of the function takes of the stack.
func (f *function) weight() int64 {
	return weightFrame + int64(f.params) + int64(f.body.LocalSlots) + int64((len(f.code)+f.values)/codePerSlot)
}
