package wasm

import (
	"fmt"
	"slices"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental/table"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

// maxTries bounds how often reading a table may look for a function's type: a
// second or so. Each look that misses takes about a microsecond.
const maxTries = 1 << 20

// functions are those that a slot of the table can hold. wazero tells which one
// is in a slot only to those who know its type.
type functions struct {
	types   []functionType
	typeOf  []int             // by number, from 1 on: index into types
	numbers map[uint32]uint32 // by index in the module
}

type functionType struct{ params, results []api.ValueType }

// newFunctions lists functions of a module by their numbers.
func newFunctions(file *wasmfile.File, list []uint32) *functions {
	all := &functions{typeOf: []int{0}, numbers: map[uint32]uint32{}}
	for i, index := range list {
		number := uint32(i + 1)
		t, _ := file.FuncType(index)
		all.typeOf = append(all.typeOf, all.typeIndex(functionType{valueTypes(t.Params), valueTypes(t.Results)}))
		all.numbers[index] = number
		if index < file.ImportedFunctions() && isMark(&file.Imports[index]) {
			// What takes its place is behind the module's own functions.
			all.numbers[file.FunctionCount()] = number
		}
	}
	all.sortTypes()
	return all
}

// sortTypes puts the types that most functions have first: they are tried first.
func (f *functions) sortTypes() {
	order, count := make([]int, len(f.types)), make([]int, len(f.types))
	for i := range order {
		order[i] = i
	}
	for _, t := range f.typeOf[1:] {
		count[t]++
	}
	slices.SortStableFunc(order, func(a, b int) int { return count[b] - count[a] })
	types, place := make([]functionType, len(f.types)), make([]int, len(f.types))
	for to, from := range order {
		types[to], place[from] = f.types[from], to
	}
	f.types = types
	for i, t := range f.typeOf[1:] {
		f.typeOf[i+1] = place[t]
	}
}

func (f *functions) typeIndex(t functionType) int {
	i := slices.IndexFunc(f.types, func(u functionType) bool {
		return slices.Equal(t.params, u.params) && slices.Equal(t.results, u.results)
	})
	if i < 0 {
		i = len(f.types)
		f.types = append(f.types, t)
	}
	return i
}

func valueTypes(list []wasmfile.ValueType) []api.ValueType {
	types := make([]api.ValueType, len(list))
	for i, t := range list {
		types[i] = api.ValueType(t)
	}
	return types
}

func isMark(i *wasmfile.Import) bool {
	return i.Module == imports.ModuleRefold && (i.Name == imports.BeginEvent || i.Name == imports.BeginEffect)
}

// find returns the number of the module's own function that is in a slot, likely
// a certain one. It does for no import: of these wazero tells the wrong index.
func (f *functions) find(m api.Module, table, slot, likely uint32, tries *int) (uint32, error) {
	first := f.typeOf[likely]
	for n := range f.types { // first, and then the others in their order
		*tries--
		if *tries < 0 {
			break
		}
		i := n
		if n == 0 {
			i = first
		} else if n <= first {
			i = n - 1
		}
		if definition := lookUp(m, table, slot, f.types[i]); definition != nil {
			return f.number(definition)
		}
	}
	return 0, &runtime.GuestError{Code: runtime.Unsupported, Event: runtime.NoEvent,
		Reason: fmt.Sprintf("has so many functions in its tables, of so many types, that a snapshot does not hold them (table %d, slot %d)", table, slot)}
}

func (f *functions) number(d api.FunctionDefinition) (uint32, error) {
	if number, ok := f.numbers[d.Index()]; ok && d.GoFunction() == nil {
		return number, nil
	}
	return 0, fmt.Errorf("reading its table: function %d is none that a slot can hold", d.Index())
}

// lookUp returns the function in a slot if it has a type, else nil.
func lookUp(m api.Module, index, slot uint32, t functionType) (definition api.FunctionDefinition) {
	defer func() {
		if recover() != nil {
			definition = nil
		}
	}()
	return table.LookupFunction(m, index, slot, t.params, t.results).Definition()
}
