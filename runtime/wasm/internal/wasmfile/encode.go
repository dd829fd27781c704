package wasmfile

import "encoding/binary"

// Edit is what Encode changes.
type Edit struct {
	// MemoryMax and TableMax cap how far memories, in pages, and tables, in
	// elements, can grow; 0 leaves them.
	MemoryMax, TableMax uint32
	// Types, Functions (indexes into types), Globals and Exports are added
	// behind those of the module, so that no index of its own changes.
	Types     []FuncType
	Functions []uint32
	Globals   []Counter
	Exports   []Export
	// Bodies, if not nil, are the bodies of all functions, the added ones last:
	// local declarations and code. Debug information goes, whose offsets would
	// be wrong.
	Bodies [][]byte
	// DropStart takes away that a function runs at instantiation.
	DropStart bool
	// Redirect puts other functions in the place of imported ones in exports,
	// element segments and constants.
	Redirect map[uint32]uint32
}

// Counter is a mutable global of type i64 with its first value.
type Counter int64

// Encode writes the module with e applied.
func (f *File) Encode(e Edit) []byte {
	n := len(magic) + len(version)
	for _, s := range f.sections {
		n += len(s.body) + 16
	}
	b := make([]byte, 0, n+n/2)
	b = append(append(b, magic...), version...)
	missing := f.missing(&e)
	for _, s := range f.sections {
		for len(missing) > 0 && s.id != secCustom && rank(missing[0].id) < rank(s.id) {
			b = f.encodeSection(b, missing[0], &e)
			missing = missing[1:]
		}
		if !e.drops(s) {
			b = f.encodeSection(b, s, &e)
		}
	}
	for _, s := range missing {
		b = f.encodeSection(b, s, &e)
	}
	return b
}

// drops reports whether a section is left out.
func (e *Edit) drops(s section) bool {
	return s.id == secStart && e.DropStart || s.id == secCustom && e.Bodies != nil && positional(s.body)
}

// missing lists the sections that e adds to and the module does not have, in
// their order, as empty vectors.
func (f *File) missing(e *Edit) []section {
	var list []section
	for _, s := range []struct {
		id    byte
		added int
	}{
		{secType, len(e.Types)}, {secFunction, len(e.Functions)}, {secGlobal, len(e.Globals)},
		{secExport, len(e.Exports)}, {secCode, len(e.Functions)},
	} {
		if s.added > 0 && !f.has(s.id) {
			list = append(list, section{id: s.id, body: []byte{0}})
		}
	}
	return list
}

func (f *File) has(id byte) bool {
	for _, s := range f.sections {
		if s.id == id {
			return true
		}
	}
	return false
}

func (f *File) encodeSection(b []byte, s section, e *Edit) []byte {
	body := s.body
	if len(e.Redirect) > 0 && s.id != secExport {
		body = redirect(body, s.references, e.Redirect)
	}
	switch {
	case s.id == secType:
		body = extend(body, encodeTypes(e.Types))
	case s.id == secFunction:
		body = extend(body, encodeIndexes(e.Functions))
	case s.id == secTable && e.TableMax > 0:
		body = f.encodeTables(e.TableMax)
	case s.id == secMemory && e.MemoryMax > 0:
		body = f.encodeMemories(e.MemoryMax)
	case s.id == secGlobal:
		body = extend(body, encodeCounters(e.Globals))
	case s.id == secExport && len(e.Exports)+len(e.Redirect) > 0:
		body = encodeExports(e.Redirect, f.Exports, e.Exports)
	case s.id == secCode && e.Bodies != nil:
		return appendCode(b, e.Bodies)
	}
	b = append(b, s.id)
	b = AppendUnsigned(b, uint32(len(body)))
	return append(b, body...)
}

// extend adds entries to the content of a section that is a vector.
func extend(body []byte, entries [][]byte) []byte {
	if len(entries) == 0 {
		return body
	}
	r := &reader{b: body}
	n := r.u32()
	out := AppendUnsigned(make([]byte, 0, len(body)+16*len(entries)), n+uint32(len(entries)))
	out = append(out, body[r.at:]...)
	for _, entry := range entries {
		out = append(out, entry...)
	}
	return out
}

// redirect puts other functions in the place of those that are referred to.
func redirect(body []byte, references []reference, to map[uint32]uint32) []byte {
	var out []byte
	from := 0
	for _, ref := range references {
		index, ok := to[ref.index]
		if !ok {
			continue
		}
		out = append(out, body[from:ref.at]...)
		out = AppendUnsigned(out, index)
		from = ref.end
	}
	if from == 0 {
		return body
	}
	return append(out, body[from:]...)
}

func encodeTypes(types []FuncType) (entries [][]byte) {
	for _, t := range types {
		b := []byte{0x60}
		for _, list := range [][]ValueType{t.Params, t.Results} {
			b = AppendUnsigned(b, uint32(len(list)))
			for _, v := range list {
				b = append(b, byte(v))
			}
		}
		entries = append(entries, b)
	}
	return entries
}

func encodeIndexes(indexes []uint32) (entries [][]byte) {
	for _, i := range indexes {
		entries = append(entries, AppendUnsigned(nil, i))
	}
	return entries
}

func encodeCounters(counters []Counter) (entries [][]byte) {
	for _, c := range counters {
		b := []byte{byte(I64), 1, byte(OpI64Const)}
		b = AppendSigned(b, int64(c))
		entries = append(entries, append(b, byte(OpEnd)))
	}
	return entries
}

func (f *File) encodeTables(limit uint32) []byte {
	b := AppendUnsigned(nil, uint32(len(f.Tables)))
	for _, t := range f.Tables {
		b = append(b, byte(t.Element))
		b = appendSize(b, t.Size, limit)
	}
	return b
}

func (f *File) encodeMemories(limit uint32) []byte {
	b := AppendUnsigned(nil, uint32(len(f.Memories)))
	for _, m := range f.Memories {
		b = appendSize(b, m, limit)
	}
	return b
}

func appendSize(b []byte, s Size, limit uint32) []byte {
	if s.HasMax {
		limit = min(limit, s.Max)
	}
	b = append(b, 1)
	b = AppendUnsigned(b, s.Min)
	return AppendUnsigned(b, max(limit, s.Min))
}

func encodeExports(redirect map[uint32]uint32, lists ...[]Export) []byte {
	n := 0
	for _, list := range lists {
		n += len(list)
	}
	b := AppendUnsigned(nil, uint32(n))
	for _, list := range lists {
		for _, e := range list {
			b = AppendUnsigned(b, uint32(len(e.Name)))
			b = append(b, e.Name...)
			b = append(b, byte(e.Kind))
			if index, ok := redirect[e.Index]; ok && e.Kind == Func {
				e.Index = index
			}
			b = AppendUnsigned(b, e.Index)
		}
	}
	return b
}

// appendCode appends the code section.
func appendCode(b []byte, bodies [][]byte) []byte {
	var number [binary.MaxVarintLen64]byte
	size := func(n int) int { return binary.PutUvarint(number[:], uint64(n)) }
	n := size(len(bodies))
	for _, body := range bodies {
		n += size(len(body)) + len(body)
	}
	b = append(b, secCode)
	b = AppendUnsigned(b, uint32(n))
	b = AppendUnsigned(b, uint32(len(bodies)))
	for _, body := range bodies {
		b = AppendUnsigned(b, uint32(len(body)))
		b = append(b, body...)
	}
	return b
}

// AppendUnsigned appends v as unsigned LEB128.
func AppendUnsigned(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

// AppendSigned appends v as signed LEB128.
func AppendSigned(b []byte, v int64) []byte {
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}
