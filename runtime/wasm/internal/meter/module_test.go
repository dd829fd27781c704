package meter_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

// TestReach: what is added is out of the module's own reach.
func TestReach(t *testing.T) {
	for name, code := range map[string][]byte{
		"global.set of the fuel":           {0x42, 0, 0x24, 0},
		"global.get of the stack":          {0x23, 1, 0x1a},
		"local.set of the operand":         wasmtest.Code(wasmtest.I32(0), []byte{0x40, 0, 0x21, 1}),
		"call of what is added":            wasmtest.Call(3),
		"branch over the function":         {0x0c, 1},
		"branch by table":                  wasmtest.Code(wasmtest.I32(0), []byte{0x0e, 1, 0, 1}),
		"block of an added type":           {0x02, 5, 0x0b},
		"ref.func":                         {0xd2, 3, 0x1a},
		"else without an if":               {0x05},
		"else in a loop":                   {0x03, 0x40, 0x05, 0x0b},
		"a second else":                    wasmtest.Code(wasmtest.I32(0), []byte{0x04, 0x40, 0x05, 0x05, 0x0b}),
		"two ends":                         {0x0b, 0x23, 0},
		"table.get of an added one":        wasmtest.Code(wasmtest.I32(0), []byte{0x25, 1, 0x1a}),
		"table.set of an added one":        wasmtest.Code(wasmtest.I32(0), []byte{0xd0, 0x70, 0x26, 1}),
		"table.size of an added one":       {0xfc, 16, 1, 0x1a},
		"table.copy from an added one":     wasmtest.Code(wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(0), []byte{0xfc, 14, 0, 1}),
		"table.init of an added one":       wasmtest.Code(wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(0), []byte{0xfc, 12, 0, 1}),
		"call through an added table":      wasmtest.Code(wasmtest.I32(0), []byte{0x11, 1, 1}),
		"table.init from an added segment": wasmtest.Code(wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(0), []byte{0xfc, 12, 1, 0}),
		"elem.drop of an added segment":    {0xfc, 13, 1},
	} {
		m := function(code)
		m.Imports = []wasmtest.Import{{Module: "host", Name: "mark", Params: "i"}}
		start := uint32(1)
		m.Start, m.Funcs[0].Params = &start, ""
		m.Elements = []uint32{1}
		m.Funcs = append(m.Funcs, wasmtest.Func{Body: wasmtest.Code(wasmtest.I32(0), []byte{0xd0, 0x70, 0x26, 0})}) // so that tables are added
		if _, err := rewrite(m.Bytes(), mark); err == nil {
			t.Errorf("%s is let through", name)
		}
	}
	m := function()
	m.Exports = []wasmtest.Export{{Name: "mine", Kind: 3, Index: 0}}
	if _, err := rewrite(m.Bytes(), mark); err == nil {
		t.Error("an export of the fuel is let through")
	}
	for name, code := range map[string][]byte{
		"call through the only table": wasmtest.Code([]byte{0xd2, 0, 0x1a}, wasmtest.I32(0), []byte{0x11, 0, 0}),
		"table.get of the only one":   wasmtest.Code([]byte{0xd2, 0, 0x1a}, wasmtest.I32(0), []byte{0x25, 0, 0x1a}),
	} {
		m := function(code)
		m.Tables, m.Funcs[0].Params = nil, ""
		if _, err := rewrite(m.Bytes(), mark); err == nil {
			t.Errorf("%s, an added one, is let through", name)
		}
	}
	m = function([]byte{0xd2, 0, 0x1a})
	m.Tables, m.Elements = nil, []uint32{0}
	if _, err := rewrite(m.Bytes(), mark); err == nil {
		t.Error("a segment for the added table is let through")
	}
	m = changing()
	m.Exports = []wasmtest.Export{{Name: "mine", Kind: 1, Index: 1}}
	if _, err := rewrite(m.Bytes(), mark); err == nil {
		t.Error("an export of the added table is let through")
	}
}

// TestUnsupported names what is not supported.
func TestUnsupported(t *testing.T) {
	for name, code := range map[string][]byte{
		"exception handling":        {0x06, 0x40, 0x0b},
		"tail calls":                {0x12, 0},
		"typed function references": {0x14, 0},
		"garbage collection":        {0xfb, 0, 0},
		"threads":                   {0xfe, 0x10, 2, 0},
		"relaxed SIMD":              {0xfd, 0x80, 0x02},
		"several memories":          wasmtest.Code(wasmtest.I32(0), []byte{0x28, 0x42, 1, 0}),
		"unknown instruction 0x27":  {0x27},
	} {
		_, err := rewrite(function(code).Bytes(), mark)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSameBytes: the same module gives the same bytes.
func TestSameBytes(t *testing.T) {
	for name, shape := range shapes() {
		a, err := rewrite(shape.Bytes(), mark)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if b, _ := rewrite(shape.Bytes(), mark); !bytes.Equal(a, b) {
				t.Errorf("%s comes out differently", name)
			}
		}
	}
}

// TestCustomSections: names stay, and what refers to offsets in the code goes.
func TestCustomSections(t *testing.T) {
	m := function([]byte{0x00})
	names := wasmtest.Custom("name", []byte{1, 5, 1, 0, 2, 'f', 'n'})
	m.Tail = bytes.Join([][]byte{names, wasmtest.Custom("producers", []byte{0}), wasmtest.Custom(".debug_info", []byte{0}),
		wasmtest.Custom("metadata.code.branch_hint", []byte{0}), wasmtest.Custom("sourceMappingURL", []byte{0})}, nil)
	metered, err := rewrite(m.Bytes(), mark)
	if err != nil {
		t.Fatal(err)
	}
	for name, kept := range map[string]bool{"producers": true, ".debug_info": false, "branch_hint": false, "sourceMappingURL": false} {
		if bytes.Contains(metered, []byte(name)) != kept {
			t.Errorf("%s: kept is not %v", name, kept)
		}
	}
	_, _, err = call(t, run(t, engines["compiler"], m.Bytes()), "f", plenty, deep, 0)
	if err == nil || !strings.Contains(err.Error(), ".fn(i32)") {
		t.Errorf("the stack trace lacks the function's name: %v", err)
	}
}

// FuzzRewrite: never a panic, and never a module that wazero refuses though it
// takes the original.
func FuzzRewrite(f *testing.F) {
	for _, shape := range shapes() {
		if code := shape.Bytes(); len(code) < 1<<10 {
			f.Add(code)
		}
	}
	f.Add(marking(0, 1).Bytes())
	f.Add(changing().Bytes())
	for _, name := range []string{"br_table.0", "bulk.0", "call_indirect.0", "global.0", "if.0", "loop.0", "ref_func.1",
		"select.0", "simd_const.0", "start.0", "table_grow.0", "unreached-valid.0"} {
		if code := fixture(f, "v2", "testdata", name+".wasm"); len(code) < 8<<10 {
			f.Add(code)
		}
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		metered, err := rewrite(code, mark)
		if err != nil {
			return
		}
		if again, _ := rewrite(code, mark); !bytes.Equal(again, metered) {
			t.Fatal("the same module comes out differently")
		}
		// As it is but for a malformed name section, for which wazero reserves
		// whatever memory that asks for.
		if f, _ := wasmfile.Decode(code); accepts(t, f.Encode(wasmfile.Edit{})) == nil {
			if err := accepts(t, metered); err != nil {
				t.Fatalf("metered, the module is refused: %v", err)
			}
		}
	})
}

// accepts compiles a module.
func accepts(t *testing.T, code []byte) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("wazero panics: %v", fault)
		}
	}()
	r := newInterpreter(t)
	defer r.Close(t.Context())
	_, err = r.CompileModule(t.Context(), code)
	return err
}
