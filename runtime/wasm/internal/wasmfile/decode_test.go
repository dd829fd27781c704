package wasmfile

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

// rich is a module with something in every section.
func rich() *wasmtest.Module {
	m := wasmtest.Guest()
	m.Imports = []wasmtest.Import{
		{Module: "refold", Name: "log", Params: "iii"},
		{Module: "env", Name: "g", Raw: []byte{3, 0x7e, 1}},
		{Module: "env", Name: "t", Raw: []byte{1, 0x70, 0, 1}},
		{Module: "env", Name: "m", Raw: []byte{2, 1, 1, 2}},
	}
	m.Tables = []wasmtest.Size{{Min: 1}, {Min: 2, Max: 9}}
	m.Memory = []wasmtest.Size{{Min: 1, Max: 3}}
	for _, kind := range []byte("iIfFVe") {
		m.Globals = append(m.Globals, wasmtest.Global{Type: kind, Mutable: kind != 'e'})
	}
	m.Data = append(m.Data, wasmtest.Data{Bytes: []byte("later"), Passive: true})
	m.Tail = wasmtest.Custom("producers", []byte("by hand"))
	return m
}

func TestDecode(t *testing.T) {
	f, err := Decode(rich().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := &File{
		Imports: []Import{{"refold", "log", Func, 0}, {"env", "g", Global, 0}, {"env", "t", Table, 0}, {"env", "m", Memory, 0}},
		Tables:  []TableType{{FuncRef, Size{Min: 1}}, {FuncRef, Size{2, 9, true}}},
		Memories: []Size{
			{1, 3, true},
		},
		Globals:   []GlobalType{{I32, true}, {I64, true}, {F32, true}, {F64, true}, {V128, true}, {ExternRef, false}},
		Exports:   []Export{{"refold_abi_v1", Func, 1}, {"refold_alloc", Func, 2}, {"refold_describe", Func, 3}, {"refold_fold", Func, 4}, {"memory", Memory, 0}},
		Functions: []uint32{4, 5, 6, 7},
	}
	if diff := cmp.Diff(want, f, cmpopts.IgnoreUnexported(File{}), cmpopts.IgnoreFields(File{}, "Types", "Bodies")); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	for index, want := range []FuncType{{Params: []ValueType{I32, I32, I32}}, {}, {[]ValueType{I32}, []ValueType{I32}}} {
		if got, ok := f.FuncType(uint32(index)); !ok || !cmp.Equal(got, want) {
			t.Errorf("function %d is %v, %v; want %v", index, got, ok, want)
		}
	}
	if _, ok := f.FuncType(5); ok {
		t.Error("function 5 does not exist")
	}
}

// TestDecodeRefuses holds invariants 1 to 3: what a few bytes could ask for.
func TestDecodeRefuses(t *testing.T) {
	section := func(id byte, body ...byte) []byte {
		return append(append([]byte{id}, wasmtest.U32(uint32(len(body)))...), body...)
	}
	locals := func(declared ...byte) []byte {
		m := wasmtest.Guest()
		m.Funcs[0].Locals = declared
		return m.Bytes()[8:]
	}
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0x0f}
	for _, tt := range []struct {
		name   string
		code   []byte
		fault  Fault
		reason string
	}{
		{"section behind the end", []byte{1, 0x10, 0}, Truncated, "ends in the middle"},
		{"section of huge length", append([]byte{1}, huge...), Truncated, "ends in the middle"},
		{"huge number of types", section(1, huge...), Malformed, "number of types"},
		{"huge number of parameters", section(1, append([]byte{1, 0x60}, huge...)...), Malformed, "number of value types"},
		{"huge number of imports", section(2, huge...), Malformed, "number of imports"},
		{"name behind the section", section(2, 1, 0x10, 'a'), Malformed, "behind the end"},
		{"name that is not UTF-8", section(2, 1, 1, 0xff, 1, 'a', 3, 0x7f, 0), Malformed, "UTF-8"},
		{"huge number of functions", section(3, huge...), Malformed, "number of functions"},
		{"function of no type", section(3, 1, 0), Malformed, "type 0 does not exist"},
		{"64-bit memory", section(5, 1, 4, 1), Unsupported, "64-bit"},
		{"shared memory", section(5, 1, 3, 1, 1), Unsupported, "shared"},
		{"maximum below minimum", section(5, 1, 1, 2, 1), Malformed, "below its minimum"},
		{"garbage-collected type", section(1, 1, 0x5f, 0), Unsupported, "no function type"},
		{"tags", section(13, 0), Unsupported, "exception"},
		{"unknown section", section(14, 0), Malformed, "unknown section 14"},
		{"section twice", append(section(5, 0), section(5, 0)...), Malformed, "twice or out of order"},
		{"sections out of order", append(section(5, 0), section(1, 0)...), Malformed, "out of order"},
		{"data count behind the code", append(section(10, 0), section(12, 0)...), Malformed, "out of order"},
		{"bytes left over", section(5, 0, 0), Malformed, "left over"},
		{"mutability of a global", section(6, 1, 0x7f, 2), Malformed, "mutability"},
		{"instruction in a constant", section(6, 1, 0x7f, 0, 0x01), Unsupported, "instruction 0x01"},
		{"huge element segment", section(9, append([]byte{1, 0, 0x41, 0, 0x0b}, huge...)...), Malformed, "number of elements"},
		{"flags of an element segment", section(9, 1, 8), Malformed, "flags 8"},
		{"flags of a data segment", section(11, 1, 3), Malformed, "flags 3"},
		{"huge data segment", section(11, append([]byte{1, 1}, huge...)...), Malformed, "behind the end"},
		{"huge body", section(10, append([]byte{1}, huge...)...), Malformed, "behind the end"},
		{"huge number of locals", locals(append(append([]byte{1}, huge...), 0x7f)...), Unsupported, "more than 50000 locals"},
		{"locals that add up", locals(append(append([]byte{2, 1, 0x7f}, huge...), 0x7f)...), Unsupported, "locals"},
		{"code without functions", section(10, 1, 2, 0, 0x0b), Truncated, "declares 0 functions and has code for 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode(append([]byte("\x00asm\x01\x00\x00\x00"), tt.code...))
			formatError(t, err, tt.fault, tt.reason)
		})
	}
}

// TestNameSection holds invariant 4.
func TestNameSection(t *testing.T) {
	function := []byte{1, 5, 1, 0, 2, 'f', 'n'}
	local := []byte{2, 7, 1, 0, 1, 0, 2, 'l', 'o'}
	for _, tt := range []struct {
		name string
		body []byte
		kept bool
	}{
		{"functions and locals", append(append([]byte{0, 2, 1, 'm'}, function...), local...), true},
		{"unknown part", []byte{9, 2, 0xff, 0xff}, true},
		{"huge number of names", []byte{1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f}, false},
		{"huge name", []byte{1, 7, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}, false},
		{"cut", function[:5], false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := wasmtest.Guest()
			m.Tail = append(wasmtest.Custom("name", tt.body), wasmtest.Custom("other", nil)...)
			want := m.Bytes()
			if !tt.kept {
				m.Tail = wasmtest.Custom("other", nil)
			}
			f, err := Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(f.Encode(Edit{}), m.Bytes()) {
				t.Errorf("kept is not %v", tt.kept)
			}
		})
	}
}

func TestEncode(t *testing.T) {
	code := rich().Bytes()
	f, err := Decode(code)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(f.Encode(Edit{}), code) {
		t.Error("without an edit, the module changes")
	}
	added := []Export{{"one", Global, 1}, {"two", Global, 6}}
	edited, err := Decode(f.Encode(Edit{MemoryMax: 2, TableMax: 5, Exports: added}))
	if err != nil {
		t.Fatal(err)
	}
	f.Memories[0].Max = 2
	f.Tables[0].Size = Size{1, 5, true}
	f.Tables[1].Size.Max = 5
	f.Exports = append(f.Exports, added...)
	if diff := cmp.Diff(f, edited, cmpopts.IgnoreUnexported(File{}), cmpopts.IgnoreFields(Body{}, "Offset")); diff != "" {
		t.Errorf("edited file (-want +got):\n%s", diff)
	}
}

// FuzzDecode holds invariants 1 and 4.
func FuzzDecode(f *testing.F) {
	f.Add(rich().Bytes())
	f.Add(wasmtest.Guest().Bytes())
	f.Add(append(wasmtest.Guest().Bytes(), wasmtest.Custom("name", []byte{1, 5, 1, 0, 2, 'f', 'n'})...))
	f.Fuzz(func(t *testing.T, code []byte) {
		file, err := Decode(code)
		if err != nil {
			if _, ok := err.(*FormatError); !ok {
				t.Fatalf("error %v is no *FormatError", err)
			}
			return
		}
		again, err := Decode(file.Encode(Edit{}))
		if err != nil {
			t.Fatalf("what was encoded does not decode: %v", err)
		}
		if diff := cmp.Diff(file, again, cmpopts.IgnoreUnexported(File{}), cmpopts.IgnoreFields(Body{}, "Offset")); diff != "" {
			t.Errorf("(-first +again):\n%s", diff)
		}
	})
}
