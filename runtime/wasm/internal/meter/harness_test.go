package meter_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

// mark names the import that marks events in these tests.
var mark = meter.Options{MarkModule: "host", MarkName: "mark"}

// engines are wazero's two ways of running a module.
var engines = map[string]wazero.RuntimeConfig{
	"compiler":    wazero.NewRuntimeConfigCompiler(),
	"interpreter": wazero.NewRuntimeConfigInterpreter(),
}

// run meters a module and starts it, with mark as a host function, which is
// never called.
func run(t testing.TB, config wazero.RuntimeConfig, code []byte) api.Module {
	t.Helper()
	metered, err := rewrite(code, mark)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, config, metered)
}

// start starts a module that is metered.
func start(t testing.TB, config wazero.RuntimeConfig, metered []byte) api.Module {
	t.Helper()
	r := wazero.NewRuntimeWithConfig(t.Context(), config)
	t.Cleanup(func() { r.Close(context.Background()) })
	_, err := r.NewHostModuleBuilder("host").NewFunctionBuilder().
		WithFunc(func(context.Context, uint32) { t.Error("the host's mark was called") }).Export("mark").Instantiate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.Instantiate(t.Context(), metered)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// call calls an export with fuel and stack, and returns what is left.
func call(t testing.TB, m api.Module, name string, fuel, stack int64, args ...uint64) (fuelLeft, stackLeft int64, err error) {
	t.Helper()
	refill(m, fuel, stack)
	_, err = m.ExportedFunction(name).Call(t.Context(), args...)
	return left(m, meter.Fuel), left(m, meter.Stack), err
}

const deep = 1 << 16 // slots, few enough for the interpreter, which has 2,000 frames

// function returns a module with one function "f", with an i32 parameter.
func function(code ...[]byte) *wasmtest.Module {
	return &wasmtest.Module{
		Memory: []wasmtest.Size{{Min: 1, Max: 10}},
		Tables: []wasmtest.Size{{Min: 1, Max: 2000}},
		Funcs:  []wasmtest.Func{{Export: "f", Params: "i", Body: wasmtest.Code(code...)}},
	}
}

// down is the loop's end of a countdown of parameter 0: it leaves whether there
// is more.
var down = wasmtest.Code([]byte{0x20, 0}, wasmtest.I32(1), []byte{0x6b, 0x22, 0}) // local.tee 0 (local.get 0 - 1)

func fixture(t testing.TB, elem ...string) []byte {
	t.Helper()
	code, err := os.ReadFile(filepath.Join(append([]string{specification(t)}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// newInterpreter returns a runtime that validates without compiling.
func newInterpreter(t testing.TB) wazero.Runtime {
	return wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
}
