package meter_test

import (
	"slices"
	"testing"

	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

// TestStack: nesting uses the stack up at the same depth in both engines, and
// every way out of a function gives back what it took.
func TestStack(t *testing.T) {
	for _, name := range []string{"recursion", "mutual recursion", "indirect recursion"} {
		t.Run(name, func(t *testing.T) {
			code := shapes()[name].Bytes()
			fuels := map[string]int64{}
			for engine, config := range engines {
				fuel, stack, err := call(t, run(t, config, code), "f", plenty, 5000, 0)
				if err == nil || fuel < 0 || stack >= 0 {
					t.Errorf("%s: %v, fuel %d, stack %d", engine, err, fuel, stack)
				}
				fuels[engine] = fuel
			}
			if fuels["compiler"] != fuels["interpreter"] {
				t.Errorf("trapped elsewhere: fuel left is %v", fuels)
			}
		})
	}
}

// TestWaysOut leaves a function in each way there is.
func TestWaysOut(t *testing.T) {
	inner := wasmtest.Call(1)
	for name, code := range map[string][]byte{
		"falls through":      inner,
		"return":             wasmtest.Code(inner, []byte{0x0f}),
		"return in a block":  wasmtest.Code([]byte{0x02, 0x40}, inner, []byte{0x0f, 0x0b}),
		"return in a loop":   wasmtest.Code([]byte{0x03, 0x40}, inner, []byte{0x0f, 0x0b}),
		"branch":             wasmtest.Code(inner, []byte{0x0c, 0}),
		"branch in a block":  wasmtest.Code([]byte{0x02, 0x40}, inner, []byte{0x0c, 1, 0x0b, 0x00}),
		"branch if":          wasmtest.Code([]byte{0x02, 0x40}, inner, wasmtest.I32(1), []byte{0x0d, 1, 0x0b, 0x00}),
		"branch by table":    wasmtest.Code([]byte{0x02, 0x40}, inner, wasmtest.I32(7), []byte{0x0e, 1, 0, 1, 0x0b, 0x00}),
		"branch in an else":  wasmtest.Code(wasmtest.I32(0), []byte{0x04, 0x40, 0x05}, inner, []byte{0x0c, 1, 0x0b, 0x00}),
		"code after an exit": wasmtest.Code(inner, []byte{0x0f, 0x6a, 0x1a, 0x0c, 0}),
	} {
		t.Run(name, func(t *testing.T) {
			m := function(code)
			m.Funcs = append(m.Funcs, wasmtest.Func{})
			for engine, config := range engines {
				if _, stack, err := call(t, run(t, config, m.Bytes()), "f", plenty, deep, 0); err != nil || stack != deep {
					t.Errorf("%s: %v, stack %d of %d", engine, err, stack, deep)
				}
			}
		})
	}
}

// TestResults: the way out carries results of any number.
func TestResults(t *testing.T) {
	for _, results := range []string{"", "I", "iIfF", "iiiiiiiiii"} {
		var values []byte
		for _, r := range results {
			values = append(values, map[rune][]byte{'i': wasmtest.I32(1), 'I': wasmtest.I64(2),
				'f': {0x43, 0, 0, 0, 0}, 'F': {0x44, 0, 0, 0, 0, 0, 0, 0, 0}}[r]...)
		}
		m := &wasmtest.Module{Funcs: []wasmtest.Func{
			{Export: "f", Results: results, Body: wasmtest.Code(wasmtest.Call(1), []byte{0x0f})},
			{Results: results, Body: wasmtest.Code(values, []byte{0x0c, 0})},
		}}
		i := run(t, engines["compiler"], m.Bytes())
		refill(i, plenty, deep)
		got, err := i.ExportedFunction("f").Call(t.Context())
		if err != nil || len(got) != len(results) {
			t.Errorf("%q: %v, %v", results, got, err)
		}
	}
}

// TestLargeFrames: the stack is used up before wazero's is, also where a frame
// holds many values that are no locals.
func TestLargeFrames(t *testing.T) {
	const values = 3000
	load, add := wasmtest.Code([]byte{0x20, 0}, []byte{0xfd, 0, 4, 0}), []byte{0xfd, 0xae, 0x01} // v128.load, i32x4.add
	code := wasmtest.Code(slices.Repeat(load, values), []byte{0x20, 0}, wasmtest.Call(0), slices.Repeat(add, values-1), []byte{0x1a})
	m := run(t, engines["compiler"], function(code).Bytes())
	fuel, stack, err := call(t, m, "f", plenty, 1<<23, 0)
	if err == nil || fuel < 0 || stack >= 0 {
		t.Errorf("%v, fuel %d, stack %d", err, fuel, stack)
	}
}
