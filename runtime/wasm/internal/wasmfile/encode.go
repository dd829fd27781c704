package wasmfile

// Edit is what Encode changes.
type Edit struct {
	// MemoryMax and TableMax cap how far memories, in pages, and tables, in
	// elements, can grow; 0 leaves them.
	MemoryMax, TableMax uint32
	// Types, Functions (indexes into types), Tables, Globals and Exports are
	// added behind those of the module, so that no index of its own changes.
	Types     []FuncType
	Functions []uint32
	Tables    []TableType
	Globals   []Counter
	Exports   []Export
	// References, if not nil, fills the last added table from its start, by an
	// element segment behind the others: null and then these functions.
	References []uint32
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
		{secType, len(e.Types)}, {secFunction, len(e.Functions)}, {secTable, len(e.Tables)}, {secGlobal, len(e.Globals)},
		{secExport, len(e.Exports)}, {secElement, e.segments()}, {secCode, len(e.Functions)},
	} {
		if s.added > 0 && !f.hasSection(s.id) {
			list = append(list, section{id: s.id, body: []byte{0}})
		}
	}
	return list
}

// segments is how many element segments are added.
func (e *Edit) segments() int {
	if e.References == nil {
		return 0
	}
	return 1
}

func (f *File) hasSection(id byte) bool {
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
	case s.id == secTable:
		body = f.encodeTables(body, e)
	case s.id == secMemory && e.MemoryMax > 0:
		body = f.encodeMemories(e.MemoryMax)
	case s.id == secGlobal:
		body = extend(body, encodeCounters(e.Globals))
	case s.id == secElement && e.segments() > 0:
		body = extend(body, [][]byte{encodeReferences(f.TableCount()+uint32(len(e.Tables))-1, e.References)})
	case s.id == secExport && len(e.Exports)+len(e.Redirect) > 0:
		body = encodeExports(e.Redirect, f.Exports, e.Exports)
	case s.id == secCode && e.Bodies != nil:
		return appendCode(b, e.Bodies)
	}
	b = append(b, s.id)
	b = AppendUnsigned(b, uint32(len(body)))
	return append(b, body...)
}
