package wasmtest

import "encoding/binary"

// Module is a module to build. Types are written as letters: i and I are i32
// and i64, f and F are f32 and f64, V is v128, r is funcref, e
// is externref.
type Module struct {
	Imports []Import
	Funcs   []Func
	Tables  []Size // of functions, or of externref if External
	Memory  []Size
	Globals []Global
	// External makes the tables' elements externref.
	External bool
	Exports  []Export // beside those of Funcs
	// Elements fill the first table from its start: indexes of functions.
	Elements []uint32
	// Passive are element segments behind that one.
	Passive [][]uint32
	Data    []Data
	Start   *uint32
	// Tail is put behind the last section.
	Tail []byte
}

// Import is an import of a function, or, if Raw is set, of what Raw describes:
// kind and type in the binary format.
type Import struct {
	Module, Name    string
	Params, Results string
	Raw             []byte
}

// Func is a function, exported under a name if it has one.
type Func struct {
	Export          string
	Params, Results string
	// Locals are declared as they are in the binary format; nil for none.
	Locals []byte
	// Body is the code without its last end.
	Body []byte
}

// Size bounds a table or memory; Max 0 means none.
type Size struct{ Min, Max uint32 }

// Global is a global with a zero for its value.
type Global struct {
	Type    byte
	Mutable bool
}

// Export is an export by kind and index.
type Export struct {
	Name  string
	Kind  byte
	Index uint32
}

// Data is a data segment.
type Data struct {
	At      int32
	Bytes   []byte
	Passive bool
}

// Func returns the function that is exported under a name.
func (m *Module) Func(export string) *Func {
	for i := range m.Funcs {
		if m.Funcs[i].Export == export {
			return &m.Funcs[i]
		}
	}
	return nil
}

// Remove takes a function's export away.
func (m *Module) Remove(export string) { m.Func(export).Export = "" }

// Bytes returns the module in the binary format.
func (m *Module) Bytes() []byte {
	b := []byte("\x00asm\x01\x00\x00\x00")
	b = append(b, m.types()...)
	b = append(b, m.imports()...)
	b = append(b, m.functions()...)
	b = append(b, sizes(4, m.Tables, m.element())...)
	b = append(b, sizes(5, m.Memory)...)
	b = append(b, m.globals()...)
	b = append(b, m.exports()...)
	if m.Start != nil {
		b = append(b, section(8, U32(*m.Start))...)
	}
	b = append(b, m.elements()...)
	b = append(b, m.dataCount()...)
	b = append(b, m.code()...)
	b = append(b, m.data()...)
	return append(b, m.Tail...)
}

func (m *Module) types() []byte {
	var list [][]byte
	for _, i := range m.Imports {
		list = append(list, funcType(i.Params, i.Results))
	}
	for _, f := range m.Funcs {
		list = append(list, funcType(f.Params, f.Results))
	}
	return section(1, vector(list))
}

func (m *Module) imports() []byte {
	var list [][]byte
	for n, i := range m.Imports {
		entry := append(Name(i.Module), Name(i.Name)...)
		if i.Raw != nil {
			entry = append(entry, i.Raw...)
		} else {
			entry = append(append(entry, 0), U32(uint32(n))...)
		}
		list = append(list, entry)
	}
	return section(2, vector(list))
}

func (m *Module) functions() []byte {
	var list [][]byte
	for n := range m.Funcs {
		list = append(list, U32(uint32(len(m.Imports)+n)))
	}
	return section(3, vector(list))
}

func (m *Module) globals() []byte {
	var list [][]byte
	for _, g := range m.Globals {
		entry := []byte{valueType(rune(g.Type)), 0}
		if g.Mutable {
			entry[1] = 1
		}
		list = append(list, append(entry, zero(g.Type)...))
	}
	return section(6, vector(list))
}

func (m *Module) exports() []byte {
	var list [][]byte
	imported := 0
	for _, i := range m.Imports {
		if i.Raw == nil {
			imported++
		}
	}
	for n, f := range m.Funcs {
		if f.Export != "" {
			list = append(list, append(append(Name(f.Export), 0), U32(uint32(imported+n))...))
		}
	}
	for _, e := range m.Exports {
		list = append(list, append(append(Name(e.Name), e.Kind), U32(e.Index)...))
	}
	return section(7, vector(list))
}

func (m *Module) element() byte {
	if m.External {
		return valueType('e')
	}
	return 0x70
}

func (m *Module) elements() []byte {
	var list [][]byte
	if len(m.Elements) > 0 {
		// One segment of table 0 at i32.const 0.
		list = append(list, append([]byte{0, 0x41, 0, 0x0b}, indexes(m.Elements)...))
	}
	for _, functions := range m.Passive {
		list = append(list, append([]byte{1, 0}, indexes(functions)...))
	}
	return section(9, vector(list))
}

func indexes(list []uint32) []byte {
	b := U32(uint32(len(list)))
	for _, index := range list {
		b = append(b, U32(index)...)
	}
	return b
}

// dataCount is there if a segment is passive, so that code can name it.
func (m *Module) dataCount() []byte {
	for _, d := range m.Data {
		if d.Passive {
			return section(12, U32(uint32(len(m.Data))))
		}
	}
	return nil
}

func (m *Module) code() []byte {
	var list [][]byte
	for _, f := range m.Funcs {
		body := []byte{0}
		if f.Locals != nil {
			body = append([]byte(nil), f.Locals...)
		}
		body = append(append(body, f.Body...), 0x0b)
		list = append(list, append(U32(uint32(len(body))), body...))
	}
	return section(10, vector(list))
}

func (m *Module) data() []byte {
	var list [][]byte
	for _, d := range m.Data {
		entry := []byte{1}
		if !d.Passive {
			entry = append(append([]byte{0}, I32(d.At)...), 0x0b)
		}
		entry = append(entry, U32(uint32(len(d.Bytes)))...)
		list = append(list, append(entry, d.Bytes...))
	}
	return section(11, vector(list))
}

func sizes(id byte, list []Size, prefix ...byte) []byte {
	var entries [][]byte
	for _, s := range list {
		entry := append([]byte(nil), prefix...)
		if s.Max > 0 {
			entry = append(append(append(entry, 1), U32(s.Min)...), U32(s.Max)...)
		} else {
			entry = append(append(entry, 0), U32(s.Min)...)
		}
		entries = append(entries, entry)
	}
	return section(id, vector(entries))
}

// section leaves out an empty one.
func section(id byte, body []byte) []byte {
	if len(body) == 0 {
		return nil
	}
	return append(append([]byte{id}, U32(uint32(len(body)))...), body...)
}

func vector(list [][]byte) []byte {
	if len(list) == 0 {
		return nil
	}
	b := U32(uint32(len(list)))
	for _, entry := range list {
		b = append(b, entry...)
	}
	return b
}

// Custom returns a custom section.
func Custom(name string, body []byte) []byte { return section(0, append(Name(name), body...)) }

// Name returns a name as it is in the binary format.
func Name(s string) []byte { return append(U32(uint32(len(s))), s...) }

// U32 returns an unsigned LEB128 number.
func U32(v uint32) []byte { return binary.AppendUvarint(nil, uint64(v)) }
