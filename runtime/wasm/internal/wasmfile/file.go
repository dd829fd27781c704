package wasmfile

import "slices"

// ValueType is the type of a value as in the binary format.
type ValueType byte

// The value types.
const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
)

// String returns the type's name in the text format.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	}
	return "unknown"
}

// Kind is what an import or export is.
type Kind byte

// The kinds.
const (
	Func   Kind = 0
	Table  Kind = 1
	Memory Kind = 2
	Global Kind = 3
)

// String returns the kind's name.
func (k Kind) String() string {
	return [...]string{"function", "table", "memory", "global"}[k&3]
}

// FuncType is a function's signature.
type FuncType struct {
	Params, Results []ValueType
}

// Import is something that the module wants from its host.
type Import struct {
	Module, Name string
	Kind         Kind
	Type         uint32 // of a Func: index into File.Types
}

// Export is something that the module offers its host.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32 // in the index space of its kind
}

// Size bounds a memory, in pages of 64 KiB, or a table, in elements.
type Size struct {
	Min, Max uint32
	HasMax   bool
}

// GlobalType is a global's type.
type GlobalType struct {
	Type    ValueType
	Mutable bool
}

// File is what a module declares. Functions, tables, memories and globals that
// it imports are in Imports only; in an index space they come first.
type File struct {
	Types     []FuncType
	Imports   []Import
	Functions []uint32 // indexes into Types
	Tables    []TableType
	Memories  []Size
	Globals   []GlobalType
	Exports   []Export
	// Start is the function that runs at instantiation, if HasStart.
	Start    uint32
	HasStart bool
	// Segments is the number of element segments.
	Segments uint32
	// Named reports whether a name section names functions.
	Named bool
	// Bodies are the functions', in the order of Functions.
	Bodies []Body

	sections        []section
	references      []reference // of the section that is being read
	imported        uint32      // functions
	importedGlobals uint32
	importedTables  uint32
	declared        []uint32 // in the order of the file, some more than once
}

// TableType is a table's type.
type TableType struct {
	Element ValueType
	Size    Size
}

// section is a section as it is in the file.
type section struct {
	id         byte
	body       []byte
	references []reference
}

// FunctionCount is the size of the function index space.
func (f *File) FunctionCount() uint32 { return f.imported + uint32(len(f.Functions)) }

// ImportedFunctions is how many functions of the index space are imported.
func (f *File) ImportedFunctions() uint32 { return f.imported }

// GlobalCount is the size of the global index space.
func (f *File) GlobalCount() uint32 { return f.importedGlobals + uint32(len(f.Globals)) }

// TableCount is the size of the table index space.
func (f *File) TableCount() uint32 { return f.importedTables + uint32(len(f.Tables)) }

// Declared lists the functions, in ascending order, that the module refers to
// outside of code: in element segments, exports and constants. Code can make
// references to these only.
func (f *File) Declared() []uint32 {
	list := slices.Clone(f.declared)
	slices.Sort(list)
	return slices.Compact(list)
}

// FuncType returns the signature of the function with an index in the function
// index space; ok is false if there is none.
func (f *File) FuncType(index uint32) (t FuncType, ok bool) {
	for i := range f.Imports {
		if f.Imports[i].Kind != Func {
			continue
		}
		if index == 0 {
			return f.Types[f.Imports[i].Type], true
		}
		index--
	}
	if index >= uint32(len(f.Functions)) {
		return FuncType{}, false
	}
	return f.Types[f.Functions[index]], true
}
