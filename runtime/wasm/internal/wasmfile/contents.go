package wasmfile

// maxLocals bounds a function's locals; the binary format states them as
// counts, so that a few bytes can ask for gigabytes.
const maxLocals = 50_000

// constant reads over a constant expression.
func constant(r *reader) {
	for r.err == nil {
		switch op := r.byte(); op {
		case 0x0b: // end
			return
		case 0x41: // i32.const
			r.skipSigned(32)
		case 0x42: // i64.const
			r.skipSigned(64)
		case 0x43: // f32.const
			r.bytes(4)
		case 0x44: // f64.const
			r.bytes(8)
		case 0x23, 0xd2: // global.get, ref.func
			r.u32()
		case 0xd0: // ref.null
			r.byte()
		case 0xfd: // v128.const
			if sub := r.u32(); sub != 0x0c {
				r.fail(Malformed, "vector instruction %d in a constant expression", sub)
			}
			r.bytes(16)
		default:
			r.fail(Unsupported, "instruction 0x%02x in a constant expression", op)
		}
	}
}

// Flags of an element segment.
const (
	elemNotActive = 1 << 0
	elemExplicit  = 1 << 1 // a table index, or declarative
	elemExprs     = 1 << 2
)

func elements(r *reader) {
	for n := r.count("element segments"); n > 0 && r.err == nil; n-- {
		flags := r.u32()
		if flags > 7 {
			r.fail(Malformed, "element segment with flags %d", flags)
		}
		if flags&elemNotActive == 0 {
			if flags&elemExplicit != 0 {
				r.u32()
			}
			constant(r)
		}
		if flags&(elemNotActive|elemExplicit) != 0 {
			r.byte() // the elements' kind or type
		}
		for m := r.count("elements"); m > 0 && r.err == nil; m-- {
			if flags&elemExprs != 0 {
				constant(r)
			} else {
				r.u32()
			}
		}
	}
}

func (f *File) code(r *reader) {
	f.bodies = r.count("function bodies")
	for n := f.bodies; n > 0 && r.err == nil; n-- {
		body := r.sub(r.u32())
		locals(body)
		r.err = body.err
	}
}

// locals reads the declarations at the start of a function body.
func locals(r *reader) {
	var sum uint64
	for n := r.count("local declarations"); n > 0 && r.err == nil; n-- {
		sum += uint64(r.u32())
		valueType(r)
		if sum > maxLocals {
			r.fail(Unsupported, "a function has more than %d locals", maxLocals)
		}
	}
}

func (f *File) data(r *reader) {
	for n := r.count("data segments"); n > 0 && r.err == nil; n-- {
		switch flags := r.u32(); flags {
		case 0:
			constant(r)
		case 1:
			f.PassiveData++
		case 2:
			r.u32()
			constant(r)
		default:
			r.fail(Malformed, "data segment with flags %d", flags)
		}
		r.bytes(r.u32())
	}
}
