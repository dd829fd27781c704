package wasmfile

// maxLocals bounds a function's locals; the binary format states them as
// counts, so that a few bytes can ask for gigabytes.
const maxLocals = 50_000

// reference is an index of an imported function in the content of a section.
type reference struct {
	at, end int // in the section
	index   uint32
}

// function reads a function's index, and keeps its place if the function is
// imported: Encode may put another there.
func (f *File) function(r *reader) {
	at := r.at
	switch index := r.u32(); {
	case r.err != nil:
	case index >= f.FunctionCount():
		r.fail(Malformed, "function %d does not exist", index)
	default:
		f.declared = append(f.declared, index)
		if index < f.imported {
			f.references = append(f.references, reference{at, r.at, index})
		}
	}
}

// constant reads over a constant expression.
func (f *File) constant(r *reader) {
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
		case 0x23: // global.get
			if index := r.u32(); r.err == nil && index >= f.GlobalCount() {
				r.fail(Malformed, "global %d does not exist", index)
			}
		case 0xd2: // ref.func
			f.function(r)
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

func (f *File) elements(r *reader) {
	f.Segments = r.count("element segments")
	for n := f.Segments; n > 0 && r.err == nil; n-- {
		f.segment(r)
	}
}

// segment reads an element segment.
func (f *File) segment(r *reader) {
	flags, table := r.u32(), uint32(0)
	if flags > 7 {
		r.fail(Malformed, "element segment with flags %d", flags)
	}
	active := flags&elemNotActive == 0
	if active {
		if flags&elemExplicit != 0 {
			table = r.u32()
		}
		f.constant(r)
	}
	if flags&(elemNotActive|elemExplicit) != 0 {
		r.byte() // the elements' kind or type
	}
	for m := r.count("elements"); m > 0 && r.err == nil; m-- {
		if flags&elemExprs != 0 {
			f.constant(r)
		} else {
			f.function(r)
		}
	}
	if r.err == nil && active && table >= f.TableCount() {
		r.fail(Malformed, "table %d does not exist", table)
	}
}

func (f *File) code(r *reader) {
	n := r.count("function bodies")
	f.Bodies = make([]Body, 0, n)
	for ; n > 0 && r.err == nil; n-- {
		sub := r.sub(r.u32())
		f.Bodies = append(f.Bodies, body(sub))
		r.err = sub.err
	}
}

func (f *File) data(r *reader) {
	for n := r.count("data segments"); n > 0 && r.err == nil; n-- {
		switch flags := r.u32(); flags {
		case 0:
			f.constant(r)
		case 1: // passive
		case 2:
			r.u32()
			f.constant(r)
		default:
			r.fail(Malformed, "data segment with flags %d", flags)
		}
		r.bytes(r.u32())
	}
}
