package wasmfile

// Instruction is one instruction of a body.
type Instruction struct {
	Op Op
	// At and End delimit it in the body's code.
	At, End int
	// Index is its first index: of a label, local, global, function, type,
	// table or segment. Of br_table it is the highest label, of block, loop and
	// if the type's index.
	Index uint32
	// Second is the table of call_indirect and table.init, and the source of
	// table.copy.
	Second uint32
	// Typed is true if a block, loop or if has a type by index.
	Typed bool
}

// Instructions reads code, the instructions of a body, into list, which it
// reuses. It checks that blocks nest and that the last end is the last byte;
// types it does not check. The error is a *FormatError, whose offset is that of
// the file if base is the code's.
func Instructions(list []Instruction, code []byte, base int) ([]Instruction, error) {
	r := &reader{b: code, base: base}
	list = list[:0]
	open := append(make([]Op, 0, 32), OpBlock)
	for r.err == nil && len(open) > 0 {
		in := r.instruction()
		if r.err == nil {
			open = r.nest(open, &in)
		}
		list = append(list, in)
	}
	r.end("code of a function")
	if r.err != nil {
		return list, r.err
	}
	return list, nil
}

// nest returns the blocks that are open behind an instruction, the function's
// own first.
func (r *reader) nest(open []Op, in *Instruction) []Op {
	last := len(open) - 1
	switch in.Op {
	case OpBlock, OpLoop, OpIf:
		return append(open, in.Op)
	case OpElse:
		if open[last] != OpIf {
			r.fail(Malformed, "an else belongs to no if")
		}
		open[last] = OpElse
	case OpEnd:
		return open[:last]
	case OpBr, OpBrIf, OpBrTable:
		if in.Index >= uint32(len(open)) {
			r.fail(Malformed, "label %d does not exist", in.Index)
		}
	}
	return open
}

func (r *reader) instruction() Instruction {
	in := Instruction{At: r.at}
	in.Op = Op(r.byte())
	switch {
	case in.Op == 0xfc:
		in.Op = in.Op<<16 | Op(min(r.u32(), 0xffff)) // no instruction has a higher number
		r.bulk(&in)
	case in.Op == 0xfd:
		in.Op = OpVector | r.vectorNumber()
		r.vector(&in)
	case in.Op >= OpI32Load && in.Op <= OpI64Store32:
		r.memarg()
	case in.Op >= 0x45 && in.Op <= OpI64Extend32S, in.Op == OpRefIsNull,
		in.Op <= OpNop, in.Op == OpElse, in.Op == OpEnd, in.Op == OpReturn, in.Op == 0x1a, in.Op == 0x1b:
	default:
		r.immediates(&in)
	}
	in.End = r.at
	return in
}

// vectorNumber reads the number behind a prefix 0xfd. It must be as short as it
// can be: wazero reads one byte of it.
func (r *reader) vectorNumber() Op {
	from := r.at
	n := r.u32()
	if short := len(AppendUnsigned(nil, n)); r.err == nil && r.at-from != short {
		r.fail(Malformed, "the number of a vector instruction is longer than needed")
	}
	return Op(min(n, 0xffff))
}

// immediates reads what follows an opcode of one byte.
func (r *reader) immediates(in *Instruction) {
	switch in.Op {
	case OpBlock, OpLoop, OpIf:
		r.blockType(in)
	case OpBr, OpBrIf, OpCall, OpLocalGet, OpLocalSet, OpLocalTee, OpGlobalGet, OpGlobalSet,
		OpTableGet, OpTableSet, OpRefFunc:
		in.Index = r.u32()
	case OpCallIndirect:
		in.Index, in.Second = r.u32(), r.u32()
	case OpBrTable:
		for n := r.count("labels"); n > 0 && r.err == nil; n-- {
			in.Index = max(in.Index, r.u32())
		}
		in.Index = max(in.Index, r.u32())
	case OpSelectTyped:
		valueTypes(r)
	case OpMemorySize, OpMemoryGrow:
		r.zero("memory")
	case OpI32Const:
		r.skipSigned(32)
	case OpI64Const:
		r.skipSigned(64)
	case OpF32Const:
		r.bytes(4)
	case OpF64Const:
		r.bytes(8)
	case OpRefNull:
		valueType(r)
	default:
		r.unsupported(in.Op)
	}
}

func (r *reader) blockType(in *Instruction) {
	first := r.byte()
	switch {
	case first == 0x40:
	case first < 0x40 || first >= 0x80: // a type's index, signed and so at most 6 bits in one byte
		r.at--
		in.Index, in.Typed = r.typeIndex33(), true
	default:
		r.at--
		valueType(r)
	}
}

// typeIndex33 reads an unsigned number that is written as a signed one of 33
// bits.
func (r *reader) typeIndex33() uint32 {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b >= 0x80 {
			continue
		}
		if b&0x40 != 0 || v > 1<<32-1 {
			break
		}
		return uint32(v)
	}
	r.fail(Malformed, "a block has no valid type")
	return 0
}

func (r *reader) memarg() {
	if align := r.u32(); r.err == nil && align >= 32 {
		r.fail(Unsupported, "an alignment of 2^%d, as of several memories", align)
	}
	r.u32()
}

// zero reads the index of the only one there is.
func (r *reader) zero(what string) {
	if n := r.byte(); r.err == nil && n != 0 {
		r.fail(Unsupported, "an instruction on %s %d", what, n)
	}
}

// bulk reads the immediates of saturating conversions and of bulk operations on
// memory and tables.
func (r *reader) bulk(in *Instruction) {
	switch in.Op {
	case OpMemoryInit:
		in.Index = r.u32()
		r.zero("memory")
	case OpMemoryCopy:
		r.zero("memory")
		r.zero("memory")
	case OpMemoryFill:
		r.zero("memory")
	case OpDataDrop, OpElemDrop, OpTableGrow, OpTableSize, OpTableFill:
		in.Index = r.u32()
	case OpTableInit, OpTableCopy:
		in.Index, in.Second = r.u32(), r.u32()
	default:
		if in.Op&0xffff > 7 || in.Op>>16 != 0xfc {
			r.fail(Malformed, "unknown instruction 0xfc %d", in.Op&0xffff)
		}
	}
}

// vector reads the immediates of a SIMD instruction.
func (r *reader) vector(in *Instruction) {
	switch sub := in.Op - OpVector; {
	case in.Op > opVectorLast:
		r.fail(Unsupported, "relaxed SIMD (instruction 0xfd %d) is not supported", sub)
	case sub <= 0x0b, sub == 0x5c, sub == 0x5d: // loads and the store of whole vectors
		r.memarg()
	case in.Op == opVectorConst, in.Op == opVectorShuffle:
		r.bytes(16)
	case sub >= 0x15 && sub <= 0x22: // lanes
		r.byte()
	case sub >= 0x54 && sub <= 0x5b: // loads and stores of lanes
		r.memarg()
		r.byte()
	}
}

// unsupported names the proposal that an opcode belongs to.
func (r *reader) unsupported(op Op) {
	if r.err != nil {
		return
	}
	r.at--
	name := ""
	switch {
	case op >= 0x06 && op <= 0x0a, op == 0x18, op == 0x19, op == 0x1f:
		name = "exception handling"
	case op == 0x12, op == 0x13, op == 0x15:
		name = "tail calls"
	case op == 0x14, op >= 0xd3 && op <= 0xd6:
		name = "typed function references"
	case op == 0xfb:
		name = "garbage collection"
	case op == 0xfe:
		name = "threads"
	default:
		r.fail(Malformed, "unknown instruction 0x%02x", uint32(op))
		return
	}
	r.fail(Unsupported, "%s (instruction 0x%02x) is not supported", name, uint32(op))
}
