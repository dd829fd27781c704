package wasmfile

import "encoding/binary"

// Edit is what Encode changes.
type Edit struct {
	// MemoryMax and TableMax cap how far memories, in pages, and tables, in
	// elements, can grow; 0 leaves them.
	MemoryMax, TableMax uint32
	// Exports are added to those of the module.
	Exports []Export
}

// Encode writes the module with e applied.
func (f *File) Encode(e Edit) []byte {
	n := len(magic) + len(version)
	for _, s := range f.sections {
		n += len(s.body) + 16
	}
	b := make([]byte, 0, n+32*len(e.Exports))
	b = append(append(b, magic...), version...)
	for _, s := range f.sections {
		body := s.body
		switch {
		case s.id == secTable && e.TableMax > 0:
			body = f.encodeTables(e.TableMax)
		case s.id == secMemory && e.MemoryMax > 0:
			body = f.encodeMemories(e.MemoryMax)
		case s.id == secExport && len(e.Exports) > 0:
			body = encodeExports(f.Exports, e.Exports)
		}
		b = append(b, s.id)
		b = appendU32(b, len(body))
		b = append(b, body...)
	}
	return b
}

func (f *File) encodeTables(limit uint32) []byte {
	b := appendU32(nil, len(f.Tables))
	for _, t := range f.Tables {
		b = append(b, byte(t.Element))
		b = appendSize(b, t.Size, limit)
	}
	return b
}

func (f *File) encodeMemories(limit uint32) []byte {
	b := appendU32(nil, len(f.Memories))
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
	b = appendU32(b, int(s.Min))
	return appendU32(b, int(max(limit, s.Min)))
}

func encodeExports(lists ...[]Export) []byte {
	n := 0
	for _, list := range lists {
		n += len(list)
	}
	b := appendU32(nil, n)
	for _, list := range lists {
		for _, e := range list {
			b = appendU32(b, len(e.Name))
			b = append(b, e.Name...)
			b = append(b, byte(e.Kind))
			b = appendU32(b, int(e.Index))
		}
	}
	return b
}

// appendU32 appends n as unsigned LEB128.
func appendU32(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(uint32(n))) }
