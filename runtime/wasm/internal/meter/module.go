package meter

import (
	"fmt"
	"slices"

	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

// Version names the scheme: the same module and options give the same bytes as
// long as it and Layout stay. It is part of whatever depends on where a budget ends.
const Version = 3

// Layout names what is added beside: counters, and what reads and changes state. No
// budget depends on it.
const Layout = 2

// Prefix starts the names of all exports that are added.
const Prefix = "refold:"

// The counters, mutable globals of type i64, by their export names.
const (
	// Fuel is what is left; below zero after a trap that used it up.
	Fuel = Prefix + "fuel"
	// Stack is what is left, in slots; below zero after a trap that used it up.
	Stack = Prefix + "stack"
	// Event is the index of the event that was marked last, -1 before the
	// first, or Disorder.
	Event = Prefix + "event"
	// Events is how many events there are to be marked.
	Events = Prefix + "events"
	// EventFuel is what an event may use, RestFuel what comes behind the last.
	EventFuel = Prefix + "event_fuel"
	RestFuel  = Prefix + "rest_fuel"
	// Changes is how often the code has changed what lies neither in memory nor
	// in globals: tables, and segments that are dropped.
	Changes = Prefix + "changes"
	// Spent less Fuel is what a call has used so far, over all events, if the host has set
	// both to the same number before it.
	Spent = Prefix + "spent"
)

// Start is the export, if there is one, of the function that the original runs
// at instantiation. It has to be called before anything else: so that it has a
// budget, and so that it can be told why it failed.
const Start = Prefix + "start"

// Options say how to rewrite a module.
type Options struct {
	// MarkModule and MarkName name the import that marks events.
	MarkModule, MarkName string
	// MemoryMax and TableMax cap how far memories, in pages, and tables, in
	// elements, can grow.
	MemoryMax, TableMax uint32
	// Exports are added.
	Exports []wasmfile.Export
}

// module is what is known of the module while it is rewritten.
type module struct {
	file *wasmfile.File
	// fuel and so on are the indexes of the added globals.
	fuel, stack, event, events, eventFuel, restFuel, changes, spent uint32
	// dropped is the first of those with the bits of dropped segments.
	dropped uint32
	state   state
	// marks is the set of imported functions that mark events, mark what takes
	// their place.
	marks map[uint32]bool
	mark  uint32
	types []wasmfile.FuncType // added
	// exact charges for each instruction by itself, in the global: what tests
	// hold the charges of many to.
	exact bool
}

// Rewrite returns f metered. The error is a *wasmfile.FormatError.
func Rewrite(f *wasmfile.File, o Options) ([]byte, error) { return newModule(f, &o).rewrite(&o) }

func (m *module) rewrite(o *Options) ([]byte, error) {
	f := m.file
	var err error
	if m.state, err = inspect(f); err != nil {
		return nil, err
	}
	bodies, err := m.bodies()
	if err != nil {
		return nil, err
	}
	edit := wasmfile.Edit{
		MemoryMax: o.MemoryMax, TableMax: o.TableMax,
		Globals: append([]wasmfile.Counter{0, 0, -1, 0, 0, 0, 0, 0}, make([]wasmfile.Counter, m.state.words)...),
		Exports: append(slices.Clone(o.Exports), m.counters()...),
		Bodies:  bodies,
	}
	if len(m.marks) > 0 {
		m.addMark(&edit)
	}
	if f.HasStart {
		m.addStart(&edit)
	}
	if m.state.words > 0 {
		m.addDrop(&edit)
	}
	if m.state.functions || m.state.references {
		m.addReferences(&edit)
	}
	for _, table := range m.state.tables {
		m.addTable(&edit, table)
	}
	edit.Types = m.types
	return f.Encode(edit), nil
}

// addMark puts a function in the place of the imported ones that mark events.
func (m *module) addMark(edit *wasmfile.Edit) {
	m.add(edit, wasmfile.FuncType{Params: []wasmfile.ValueType{wasmfile.I32}}, m.markBody())
	edit.Redirect = map[uint32]uint32{}
	for index := range m.marks {
		edit.Redirect[index] = m.mark
	}
}

// addStart exports a function that calls the start function.
func (m *module) addStart(edit *wasmfile.Edit) {
	edit.DropStart = true
	m.export(edit, Start, wasmfile.FuncType{}, code(func(w *writer) {
		w.index(wasmfile.OpCall, m.target(m.file.Start))
	}))
}

// export adds a function that is exported.
func (m *module) export(edit *wasmfile.Edit, name string, t wasmfile.FuncType, body []byte) {
	index := m.add(edit, t, body)
	edit.Exports = append(edit.Exports, wasmfile.Export{Name: name, Kind: wasmfile.Func, Index: index})
}

// add adds a function and returns its index.
func (m *module) add(edit *wasmfile.Edit, t wasmfile.FuncType, body []byte) uint32 {
	index := m.file.FunctionCount() + uint32(len(edit.Functions))
	edit.Functions = append(edit.Functions, m.typeIndex(t))
	edit.Bodies = append(edit.Bodies, body)
	return index
}

func newModule(f *wasmfile.File, o *Options) *module {
	first := f.GlobalCount()
	m := &module{file: f, fuel: first, stack: first + 1, event: first + 2, events: first + 3, eventFuel: first + 4, restFuel: first + 5, changes: first + 6, spent: first + 7, dropped: first + 8,
		marks: map[uint32]bool{}, mark: f.FunctionCount()}
	index := uint32(0)
	for i := range f.Imports {
		if f.Imports[i].Kind != wasmfile.Func {
			continue
		}
		if f.Imports[i].Module == o.MarkModule && f.Imports[i].Name == o.MarkName {
			m.marks[index] = true
		}
		index++
	}
	return m
}

func (m *module) counters() []wasmfile.Export {
	var list []wasmfile.Export
	for i, name := range []string{Fuel, Stack, Event, Events, EventFuel, RestFuel, Changes, Spent} {
		list = append(list, wasmfile.Export{Name: name, Kind: wasmfile.Global, Index: m.fuel + uint32(i)})
	}
	for word := range m.state.words {
		name := fmt.Sprintf("%s%d", Dropped, word)
		list = append(list, wasmfile.Export{Name: name, Kind: wasmfile.Global, Index: m.dropped + uint32(word)})
	}
	return list
}

func (m *module) callsImport(index uint32) bool {
	return index < m.file.ImportedFunctions() && !m.marks[index]
}

func (m *module) isMark(index uint32) bool { return m.marks[index] }

// target is the function that takes the place of the one with an index.
func (m *module) target(index uint32) uint32 {
	if m.marks[index] {
		return m.mark
	}
	return index
}

// blockType is the type of a block that takes nothing and leaves results.
func (m *module) blockType(results []wasmfile.ValueType) []byte {
	switch len(results) {
	case 0:
		return []byte{emptyBlock}
	case 1:
		return []byte{byte(results[0])}
	}
	return wasmfile.AppendSigned(nil, int64(m.typeIndex(wasmfile.FuncType{Results: results})))
}

// typeIndex returns the index of a type, which is added if it is not there.
func (m *module) typeIndex(t wasmfile.FuncType) uint32 {
	same := func(u wasmfile.FuncType) bool {
		return slices.Equal(t.Params, u.Params) && slices.Equal(t.Results, u.Results)
	}
	if i := slices.IndexFunc(m.file.Types, same); i >= 0 {
		return uint32(i)
	}
	i := slices.IndexFunc(m.types, same)
	if i < 0 {
		i = len(m.types)
		m.types = append(m.types, t)
	}
	return uint32(len(m.file.Types) + i)
}
