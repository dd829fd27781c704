package meter

import (
	"slices"
	"strconv"

	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

// What is exported of a module that changes tables, beside Changes: functions
// that cost no fuel, and that trap at most for an index that does not exist. A
// function that can be in a slot has a number, which is its place, from 1 on, in
// wasmfile.File.Declared; 0 is null. Behind the names of those of a table stands
// its index.
const (
	// TableSize is a function () -> i32: the number of slots.
	TableSize = Prefix + "table_size:"
	// TableGrow is a function (slots i32) -> i32: adds empty slots and returns
	// how many there were, or -1.
	TableGrow = Prefix + "table_grow:"
	// TableGet is a function (slot i32) -> funcref. It is for tables of functions
	// only, as is TableSet.
	TableGet = Prefix + "table_get:"
	// TableSet is a function (slot i32, number i32) -> ().
	TableSet = Prefix + "table_set:"
	// Function is a function (number i32) -> funcref, also of a module whose code
	// refers to functions. If it gives null for 1, an element segment of the
	// original lies outside of its table: then the original must not run. (The
	// specification has it trap at instantiation, wazero leaves it out, and all
	// segments behind it.)
	Function = Prefix + "function"
)

// Drop is exported of a module that drops segments: a function () -> () that
// drops those whose bit is set in the globals, of type i64, named Dropped and a
// number from 0 on. The module's own code sets the bits.
const (
	Drop    = Prefix + "drop"
	Dropped = Prefix + "dropped:"
)

// segment is a segment that some code drops.
type segment struct {
	drop  wasmfile.Op // OpDataDrop or OpElemDrop
	index uint32
}

// state is what a module may change that lies neither in memory nor in globals.
type state struct {
	// tables are those that code changes, in ascending order; functions is true if
	// one of them is of functions, references true if code makes references to
	// functions.
	tables                []uint32
	functions, references bool
	// numbered are the functions that can be referred to, the first with number
	// 1, if any of this is needed.
	numbered []uint32
	// words is the number of globals with bits of dropped segments.
	words    int
	segments []segment // by bit
	bits     map[segment]int
}

// inspect finds what f may change. A table counts if the module imports none.
func inspect(f *wasmfile.File) (state, error) {
	s := state{bits: map[segment]int{}}
	var code []wasmfile.Instruction
	for i := range f.Bodies {
		var err error
		if code, err = wasmfile.Instructions(code, f.Bodies[i].Code, f.Bodies[i].Offset); err != nil {
			return state{}, err
		}
		for j := range code {
			s.note(&code[j])
		}
	}
	slices.Sort(s.tables)
	s.tables = slices.Compact(s.tables)
	s.tables = slices.DeleteFunc(s.tables, func(index uint32) bool { return int(index) >= len(f.Tables) || f.TableCount() != uint32(len(f.Tables)) })
	s.functions = slices.ContainsFunc(s.tables, func(index uint32) bool { return f.Tables[index].Element == wasmfile.FuncRef })
	if s.functions || s.references {
		s.numbered = f.Declared()
	}
	s.words = (len(s.segments) + 63) / 64
	return s, nil
}

func (s *state) note(in *wasmfile.Instruction) {
	switch {
	case in.Op == wasmfile.OpDataDrop, in.Op == wasmfile.OpElemDrop:
		dropped := segment{in.Op, in.Index}
		if _, ok := s.bits[dropped]; !ok {
			s.bits[dropped] = len(s.segments)
			s.segments = append(s.segments, dropped)
		}
	case in.Op == wasmfile.OpRefFunc:
		s.references = true
	case in.Op == wasmfile.OpTableInit:
		s.changes(in.Second)
	case changes(in.Op):
		s.changes(in.Index)
	}
}

// changes notes that code changes a table. Code names few, again and again.
func (s *state) changes(table uint32) {
	if n := len(s.tables); n == 0 || s.tables[n-1] != table {
		s.tables = append(s.tables, table)
	}
}

// drops notes, ahead of an instruction that drops a segment, that it does.
func (f *function) drops(in *wasmfile.Instruction) {
	bit, ok := f.module.state.bits[segment{in.Op, in.Index}]
	if !ok {
		return
	}
	word := f.module.dropped + uint32(bit/64)
	f.index(wasmfile.OpGlobalGet, word)
	f.constant(1 << (bit % 64))
	f.op(opI64Or)
	f.index(wasmfile.OpGlobalSet, word)
}

// addDrop adds Drop.
func (m *module) addDrop(edit *wasmfile.Edit) {
	m.export(edit, Drop, wasmfile.FuncType{}, code(func(w *writer) {
		for bit, s := range m.state.segments {
			w.index(wasmfile.OpGlobalGet, m.dropped+uint32(bit/64))
			w.constant(1 << (bit % 64))
			w.op(opI64And)
			w.constant(0)
			w.op(opI64Ne, wasmfile.OpIf)
			w.out = append(w.out, emptyBlock)
			w.bulk(s.drop, s.index)
			w.op(wasmfile.OpEnd)
		}
	}))
}

// addReferences adds a table of all functions that can be referred to, each at
// its number. It is where code gets its references: wazero makes a new one, and
// keeps it as long as the instance, each time that a ref.func runs.
func (m *module) addReferences(edit *wasmfile.Edit) {
	n := uint32(len(m.state.numbered))
	edit.Tables = []wasmfile.TableType{{Element: wasmfile.FuncRef, Size: wasmfile.Size{Min: n + 1, Max: n + 1, HasMax: true}}}
	edit.References = make([]uint32, 0, n)
	for _, index := range m.state.numbered {
		edit.References = append(edit.References, m.target(index))
	}
	i32, ref := []wasmfile.ValueType{wasmfile.I32}, []wasmfile.ValueType{wasmfile.FuncRef}
	m.export(edit, Function, wasmfile.FuncType{Params: i32, Results: ref}, code(func(w *writer) {
		w.index(wasmfile.OpLocalGet, 0)
		w.index(wasmfile.OpTableGet, m.file.TableCount())
	}))
}

// reference writes a ref.func: of a function without a number, which is not
// valid, as it is.
func (f *function) reference(in *wasmfile.Instruction) {
	i, ok := slices.BinarySearch(f.module.state.numbered, in.Index)
	if !ok {
		f.index(wasmfile.OpRefFunc, in.Index)
		return
	}
	f.constant32(int32(i + 1))
	f.index(wasmfile.OpTableGet, f.module.file.TableCount())
}

// addTable adds what reads and changes a table.
func (m *module) addTable(edit *wasmfile.Edit, table uint32) {
	index, element := strconv.Itoa(int(table)), m.file.Tables[table].Element
	i32, ref := []wasmfile.ValueType{wasmfile.I32}, []wasmfile.ValueType{wasmfile.FuncRef}
	m.export(edit, TableSize+index, wasmfile.FuncType{Results: i32}, code(func(w *writer) {
		w.bulk(wasmfile.OpTableSize, table)
	}))
	m.export(edit, TableGrow+index, wasmfile.FuncType{Params: i32, Results: i32}, code(func(w *writer) {
		w.index(wasmfile.OpRefNull, uint32(element))
		w.index(wasmfile.OpLocalGet, 0)
		w.bulk(wasmfile.OpTableGrow, table)
	}))
	if element != wasmfile.FuncRef {
		return
	}
	m.export(edit, TableGet+index, wasmfile.FuncType{Params: i32, Results: ref}, code(func(w *writer) {
		w.index(wasmfile.OpLocalGet, 0)
		w.index(wasmfile.OpTableGet, table)
	}))
	m.export(edit, TableSet+index, wasmfile.FuncType{Params: []wasmfile.ValueType{wasmfile.I32, wasmfile.I32}}, code(func(w *writer) {
		w.index(wasmfile.OpLocalGet, 0)
		w.index(wasmfile.OpLocalGet, 1)
		w.index(wasmfile.OpTableGet, m.file.TableCount())
		w.index(wasmfile.OpTableSet, table)
	}))
}

// code is a function's body without locals.
func code(write func(*writer)) []byte {
	w := &writer{out: []byte{0}}
	write(w)
	w.op(wasmfile.OpEnd)
	return w.out
}
