package wasmfile

import "bytes"

// Section ids.
const (
	secCustom    = 0
	secType      = 1
	secImport    = 2
	secFunction  = 3
	secTable     = 4
	secMemory    = 5
	secGlobal    = 6
	secExport    = 7
	secStart     = 8
	secElement   = 9
	secCode      = 10
	secData      = 11
	secDataCount = 12
	secTag       = 13
)

var (
	magic     = []byte("\x00asm")
	version   = []byte{1, 0, 0, 0}
	component = []byte{0x0d, 0, 1, 0}
)

// Decode reads a module. The File aliases b. The error is a *FormatError.
func Decode(b []byte) (*File, error) {
	r := &reader{b: b, open: true}
	header(r)
	f := &File{}
	last := 0
	for r.more() {
		last = f.section(r, last)
	}
	if r.err == nil && len(f.Bodies) != len(f.Functions) {
		r.fail(Truncated, "the module declares %d functions and has code for %d", len(f.Functions), len(f.Bodies))
	}
	if r.err != nil {
		return nil, r.err
	}
	return f, nil
}

func header(r *reader) {
	if !bytes.HasPrefix(r.b, magic[:min(len(magic), len(r.b))]) || len(r.b) == 0 {
		r.fail(NotWasm, "the file does not start as a WebAssembly module does")
	}
	r.bytes(uint32(len(magic)))
	switch v := r.bytes(uint32(len(version))); {
	case r.err != nil, bytes.Equal(v, version):
	case bytes.Equal(v, component):
		r.fail(NotWasm, "the file is a component, not a core module")
	default:
		r.fail(NotWasm, "the file has WebAssembly version % x", v)
	}
}

// section reads one section and returns the highest rank so far.
func (f *File) section(r *reader, last int) int {
	id := r.byte()
	place := rank(id)
	switch {
	case id == secTag:
		r.fail(Unsupported, "the module uses exception handling")
	case place < 0:
		r.fail(Malformed, "unknown section %d", id)
	case id != secCustom && place <= last:
		r.fail(Malformed, "section %d comes twice or out of order", id)
	}
	body := r.sub(r.u32())
	if r.err != nil {
		return last
	}
	raw := body.b
	f.references = nil
	keep := f.content(id, body)
	body.end("section")
	if r.err = body.err; r.err == nil && keep {
		f.sections = append(f.sections, section{id, raw, f.references})
	}
	return max(place, last)
}

// rank is a section's place in the file; ids follow it, but for the count of
// data segments, which comes before the code.
func rank(id byte) int {
	switch {
	case id == secDataCount:
		return 2*secCode - 1
	case id < secDataCount:
		return 2 * int(id)
	}
	return -1
}

// content reads a section's content; keep is false if a rewritten module is to do
// without it.
func (f *File) content(id byte, r *reader) (keep bool) {
	switch id {
	case secCustom:
		return f.custom(r)
	case secType:
		f.types(r)
	case secImport:
		f.imports(r)
	case secFunction:
		f.functions(r)
	case secTable:
		f.tables(r)
	case secMemory:
		f.memories(r)
	case secGlobal:
		f.globals(r)
	case secExport:
		f.exports(r)
	case secStart:
		f.Start, f.HasStart = r.u32(), true
		if t, ok := f.FuncType(f.Start); r.err == nil && (!ok || len(t.Params)+len(t.Results) > 0) {
			r.fail(Malformed, "the start function %d does not exist or is of another type", f.Start)
		}
	case secDataCount:
		r.u32()
	case secElement:
		f.elements(r)
	case secCode:
		f.code(r)
	case secData:
		f.data(r)
	}
	return true
}
