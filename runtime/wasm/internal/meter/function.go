package meter

import (
	"fmt"

	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

// function is a function that is being rewritten. Its slices are used again for
// the next one.
type function struct {
	writer
	module  *module
	body    *wasmfile.Body
	params  int
	results []wasmfile.ValueType
	code    []wasmfile.Instruction
	points  []point
	frames  []frame

	needs
	fuel, operand, result uint32 // added locals
}

// needs are what a function's code makes necessary.
type needs struct {
	// nested: it calls functions that may call in turn.
	nested bool
	// counted: the stack it takes is counted.
	counted bool
	// tight: it has a loop that calls nothing, for which the fuel is kept in a
	// local.
	tight bool
	// values are those that calls and blocks take and leave.
	values int
	// counts: it has instructions whose cost depends on an operand.
	counts bool
}

func (m *module) bodies() ([][]byte, error) {
	f := &function{module: m}
	list := make([][]byte, 0, len(m.file.Bodies)+1)
	for i := range m.file.Bodies {
		t := m.file.Types[m.file.Functions[i]]
		f.body, f.params, f.results, f.needs = &m.file.Bodies[i], len(t.Params), t.Results, needs{}
		var err error
		if f.code, err = wasmfile.Instructions(f.code, f.body.Code, f.body.Offset); err != nil {
			return nil, err
		}
		if err := f.check(); err != nil {
			return nil, err
		}
		f.plan()
		list = append(list, f.emit())
	}
	return list, nil
}

// check refuses indexes that do not exist, since what is added would be behind
// them.
func (f *function) check() error {
	file := f.module.file
	for i := range f.code {
		in := &f.code[i]
		var what string
		var limit uint32
		switch in.Op {
		case wasmfile.OpLocalGet, wasmfile.OpLocalSet, wasmfile.OpLocalTee:
			what, limit = "local", uint32(f.params)+f.body.LocalCount
		case wasmfile.OpGlobalGet, wasmfile.OpGlobalSet:
			what, limit = "global", file.GlobalCount()
		case wasmfile.OpCall, wasmfile.OpRefFunc:
			what, limit = "function", file.FunctionCount()
		case wasmfile.OpCallIndirect:
			what, limit = "type", uint32(len(file.Types))
		case wasmfile.OpBlock, wasmfile.OpLoop, wasmfile.OpIf:
			if !in.Typed {
				continue
			}
			what, limit = "type", uint32(len(file.Types))
		case wasmfile.OpElemDrop, wasmfile.OpTableInit:
			what, limit = "element segment", file.Segments
		case wasmfile.OpTableGet, wasmfile.OpTableSet, wasmfile.OpTableGrow, wasmfile.OpTableSize, wasmfile.OpTableFill, wasmfile.OpTableCopy:
			what, limit = "table", file.TableCount()
		default:
			continue
		}
		if in.Index >= limit {
			return f.missing(in, what, in.Index)
		}
		if secondIsTable(in.Op) && in.Second >= file.TableCount() {
			return f.missing(in, "table", in.Second)
		}
	}
	return nil
}

func secondIsTable(op wasmfile.Op) bool {
	return op == wasmfile.OpCallIndirect || op == wasmfile.OpTableInit || op == wasmfile.OpTableCopy
}

func (f *function) missing(in *wasmfile.Instruction, what string, index uint32) error {
	return &wasmfile.FormatError{Fault: wasmfile.Malformed, Offset: f.body.Offset + in.At,
		Reason: fmt.Sprintf("%s %d does not exist", what, index)}
}
