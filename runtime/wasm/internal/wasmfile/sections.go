package wasmfile

import "encoding/binary"

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

// encodeTables returns the content of the table section, which is body as long as
// the tables have no limit.
func (f *File) encodeTables(body []byte, e *Edit) []byte {
	if e.TableMax > 0 {
		body = AppendUnsigned(nil, uint32(len(f.Tables)))
		for _, t := range f.Tables {
			body = append(body, byte(t.Element))
			body = appendSize(body, t.Size, e.TableMax)
		}
	}
	var added [][]byte
	for _, t := range e.Tables {
		added = append(added, appendSize([]byte{byte(t.Element)}, t.Size, t.Size.Max))
	}
	return extend(body, added)
}

// encodeReferences writes an element segment that fills a table: null, then
// references to the functions.
func encodeReferences(table uint32, functions []uint32) []byte {
	b := AppendUnsigned([]byte{elemExplicit | elemExprs}, table)
	b = append(b, byte(OpI32Const), 0, byte(OpEnd), byte(FuncRef))
	b = AppendUnsigned(b, 1+uint32(len(functions)))
	b = append(b, byte(OpRefNull), byte(FuncRef), byte(OpEnd))
	for _, index := range functions {
		b = AppendUnsigned(append(b, byte(OpRefFunc)), index)
		b = append(b, byte(OpEnd))
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
