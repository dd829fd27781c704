package wasmfile

// Body is a function's body.
type Body struct {
	// Locals are the local declarations as they are in the file, without their
	// count; Groups is that count.
	Locals []byte
	Groups uint32
	// LocalCount is the number of declared locals, without the parameters;
	// LocalSlots is the same with vectors counting twice.
	LocalCount, LocalSlots uint32
	// Code are the instructions, up to the last end.
	Code []byte
	// Offset is where Code is in the file.
	Offset int
}

// body reads a function's body.
func body(r *reader) Body {
	var b Body
	b.Groups = r.count("local declarations")
	from := r.at
	for n := b.Groups; n > 0 && r.err == nil; n-- {
		count := r.u32()
		t := valueType(r)
		if uint64(count)+uint64(b.LocalCount) > maxLocals {
			r.fail(Unsupported, "a function has more than %d locals", maxLocals)
			return b
		}
		b.LocalCount += count
		b.LocalSlots += count
		if t == V128 {
			b.LocalSlots += count
		}
	}
	b.Locals, b.Code, b.Offset = r.b[from:r.at], r.b[r.at:], r.base+r.at
	return b
}
