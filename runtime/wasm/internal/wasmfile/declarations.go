package wasmfile

func (f *File) types(r *reader) {
	for n := r.count("types"); n > 0 && r.err == nil; n-- {
		if form := r.byte(); r.err == nil && form != 0x60 {
			r.fail(Unsupported, "type form 0x%02x is no function type", form)
		}
		f.Types = append(f.Types, FuncType{Params: valueTypes(r), Results: valueTypes(r)})
	}
}

func valueTypes(r *reader) []ValueType {
	n := r.count("value types")
	if n == 0 {
		return nil
	}
	list := make([]ValueType, 0, n)
	for ; n > 0 && r.err == nil; n-- {
		list = append(list, valueType(r))
	}
	return list
}

func valueType(r *reader) ValueType {
	t := ValueType(r.byte())
	if r.err == nil && t.String() == "unknown" {
		r.fail(Unsupported, "value type 0x%02x is not supported", byte(t))
	}
	return t
}

func (f *File) imports(r *reader) {
	for n := r.count("imports"); n > 0 && r.err == nil; n-- {
		imp := Import{Module: r.name(), Name: r.name(), Kind: kind(r)}
		switch imp.Kind {
		case Func:
			imp.Type = f.typeIndex(r)
			f.imported++
		case Table:
			tableType(r)
			f.importedTables++
		case Memory:
			size(r)
		case Global:
			globalType(r)
			f.importedGlobals++
		}
		f.Imports = append(f.Imports, imp)
	}
}

func kind(r *reader) Kind {
	k := Kind(r.byte())
	if r.err == nil && k > Global {
		r.fail(Unsupported, "kind %d of import or export is not supported", k)
	}
	return k
}

func (f *File) typeIndex(r *reader) uint32 {
	i := r.u32()
	if r.err == nil && i >= uint32(len(f.Types)) {
		r.fail(Malformed, "type %d does not exist", i)
	}
	return i
}

func (f *File) functions(r *reader) {
	n := r.count("functions")
	f.Functions = make([]uint32, 0, n)
	for ; n > 0 && r.err == nil; n-- {
		f.Functions = append(f.Functions, f.typeIndex(r))
	}
}

func (f *File) tables(r *reader) {
	for n := r.count("tables"); n > 0 && r.err == nil; n-- {
		f.Tables = append(f.Tables, tableType(r))
	}
}

func tableType(r *reader) TableType {
	return TableType{Element: valueType(r), Size: size(r)}
}

func (f *File) memories(r *reader) {
	for n := r.count("memories"); n > 0 && r.err == nil; n-- {
		f.Memories = append(f.Memories, size(r))
	}
}

func size(r *reader) Size {
	var s Size
	switch flags := r.byte(); {
	case r.err != nil:
	case flags > 1:
		r.fail(Unsupported, "a memory or table is shared or 64-bit (flags 0x%02x)", flags)
	default:
		s.Min, s.HasMax = r.u32(), flags == 1
	}
	if s.HasMax {
		s.Max = r.u32()
	}
	if r.err == nil && s.HasMax && s.Max < s.Min {
		r.fail(Malformed, "the maximum of a memory or table is below its minimum")
	}
	return s
}

func (f *File) globals(r *reader) {
	for n := r.count("globals"); n > 0 && r.err == nil; n-- {
		f.Globals = append(f.Globals, globalType(r))
		f.constant(r)
	}
}

func globalType(r *reader) GlobalType {
	g := GlobalType{Type: valueType(r)}
	mutable := r.byte()
	if mutable > 1 {
		r.fail(Malformed, "the mutability of a global is %d", mutable)
	}
	g.Mutable = mutable == 1
	return g
}

func (f *File) exports(r *reader) {
	for n := r.count("exports"); n > 0 && r.err == nil; n-- {
		e := Export{Name: r.name(), Kind: kind(r), Index: r.u32()}
		if r.err == nil && !f.has(e.Kind, e.Index) {
			r.fail(Malformed, "export %q names %s %d, which does not exist", e.Name, e.Kind, e.Index)
		}
		if r.err == nil && e.Kind == Func {
			f.declared = append(f.declared, e.Index)
		}
		f.Exports = append(f.Exports, e)
	}
}

// has reports whether there is something of a kind with an index. Of memories,
// of which none is ever added, it does not look.
func (f *File) has(kind Kind, index uint32) bool {
	switch kind {
	case Func:
		return index < f.FunctionCount()
	case Table:
		return index < f.TableCount()
	case Global:
		return index < f.GlobalCount()
	}
	return true
}
