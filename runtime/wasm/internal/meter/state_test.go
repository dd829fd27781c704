package meter_test

import (
	"testing"

	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

// changing returns a module with functions 1 to 3, a table that starts with the
// first and third, and code that changes it and drops segments. Function 0, f,
// is in no table, but exported.
func changing() *wasmtest.Module {
	m := function(wasmtest.I32(0), []byte{0xd0, 0x70, 0x26, 0, 0xfc, 13, 1, 0xfc, 9, 0, 0xfc, 9, 1}) // table.set, elem.drop 1, data.drop 0 and 1
	m.Funcs = append(m.Funcs, wasmtest.Func{}, wasmtest.Func{}, wasmtest.Func{},
		wasmtest.Func{Export: "reference", Results: "r", Body: []byte{0xd2, 2}},
		wasmtest.Func{Export: "init", Body: wasmtest.Code(wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(1), []byte{0xfc, 12, 1, 0})})
	m.Tables = []wasmtest.Size{{Min: 3, Max: 9}}
	m.Elements, m.Passive = []uint32{1, 3}, [][]uint32{{2}}
	m.Data = []wasmtest.Data{{Bytes: []byte("a"), Passive: true}, {Bytes: []byte("b"), Passive: true}}
	return m
}

// do calls what the meter has added.
func do(t *testing.T, m api.Module, name string, args ...uint64) uint64 {
	t.Helper()
	results, err := m.ExportedFunction(name).Call(t.Context(), args...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(results) == 0 {
		return 0
	}
	return results[0]
}

// TestTable: what is added reads and changes the table.
func TestTable(t *testing.T) {
	for engine, config := range engines {
		m := run(t, config, changing().Bytes())
		if n := do(t, m, meter.TableGrow+"0", 2); n != 3 || do(t, m, meter.TableSize+"0") != 5 {
			t.Errorf("%s: grew from %d to %d", engine, n, do(t, m, meter.TableSize+"0"))
		}
		seen := map[uint64]bool{}
		for number := range uint64(7) { // three in segments, three exported, null
			do(t, m, meter.TableSet+"0", 2, number)
			reference := do(t, m, meter.TableGet+"0", 2)
			if (reference == 0) != (number == 0) || reference != do(t, m, meter.Function, number) || seen[reference] {
				t.Errorf("%s: number %d gives reference %d", engine, number, reference)
			}
			seen[reference] = true
		}
	}
}

// TestOneReference: code that refers to a function gets the same reference each
// time, so that it makes wazero keep nothing.
func TestOneReference(t *testing.T) {
	for engine, config := range engines {
		m := run(t, config, changing().Bytes())
		set(m, meter.Fuel, 1000)
		set(m, meter.Stack, deep)
		want := do(t, m, meter.Function, 3) // 0, f, is exported, 1 and 2 are in segments
		for range 3 {
			if got := do(t, m, "reference"); got != want || got == 0 {
				t.Errorf("%s: got reference %d, want %d", engine, got, want)
			}
		}
	}
}

// TestDropped: code notes what it drops, and Drop drops what is noted.
func TestDropped(t *testing.T) {
	for engine, config := range engines {
		m, restored := run(t, config, changing().Bytes()), run(t, config, changing().Bytes())
		if _, _, err := call(t, restored, "init", 1000, deep); err != nil {
			t.Fatal(err)
		}
		if _, _, err := call(t, m, "f", 1000, deep, 0); err != nil {
			t.Fatal(err)
		}
		noted := left(m, meter.Dropped+"0")
		if noted != 0b111 {
			t.Errorf("%s: %b is noted", engine, noted)
		}
		set(restored, meter.Dropped+"0", noted)
		do(t, restored, meter.Drop)
		if _, _, err := call(t, restored, "init", 1000, deep); err == nil {
			t.Errorf("%s: the segment is still there", engine)
		}
	}
}

// TestNothingAdded: a module that changes nothing gets nothing for it.
func TestNothingAdded(t *testing.T) {
	m := run(t, engines["compiler"], function().Bytes())
	for _, name := range []string{meter.TableSize + "0", meter.Function, meter.Drop} {
		if m.ExportedFunction(name) != nil {
			t.Errorf("%s is added", name)
		}
	}
}
