package meter_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

// compilers build testdata/work of their language into a module. Go and C
// plugins are tested one folder up.
var compilers = map[string]func(t *testing.T, out string) *exec.Cmd{
	"c": func(t *testing.T, out string) *exec.Cmd {
		return tool(t, "clang", "--target=wasm32", "-O2", "-nostdlib", "-mbulk-memory", "-Wl,--no-entry", "-o", out, "testdata/work.c")
	},
	"c without optimisation": func(t *testing.T, out string) *exec.Cmd {
		return tool(t, "clang", "--target=wasm32", "-O0", "-nostdlib", "-mbulk-memory", "-Wl,--no-entry", "-o", out, "testdata/work.c")
	},
	"c with vectors": func(t *testing.T, out string) *exec.Cmd {
		return tool(t, "clang", "--target=wasm32", "-O3", "-msimd128", "-mbulk-memory", "-msign-ext", "-mnontrapping-fptoint",
			"-nostdlib", "-Wl,--no-entry", "-o", out, "testdata/work.c")
	},
	"rust": func(t *testing.T, out string) *exec.Cmd {
		return tool(t, "rustc", "--target=wasm32-unknown-unknown", "--crate-type=cdylib", "-O", "-o", out, "testdata/work.rs")
	},
	"rust without optimisation": func(t *testing.T, out string) *exec.Cmd {
		return tool(t, "rustc", "--target=wasm32-unknown-unknown", "--crate-type=cdylib", "-o", out, "testdata/work.rs")
	},
	"assemblyscript": func(t *testing.T, out string) *exec.Cmd {
		asc := filepath.Join(npm(t), ".bin", "asc")
		return tool(t, asc, "testdata/work.ts", "-O", "--use", "abort=testdata/work/abort", "-o", out)
	},
}

// tool is a command that may not be there.
func tool(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		lacks(t, err)
	}
	return exec.Command(path, args...)
}

// lacks skips a test that lacks a tool, but fails it in CI: there, what is
// skipped would be what nobody tests.
func lacks(t *testing.T, why any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%v; ./tools.sh installs it, and in CI nothing is skipped", why)
	}
	t.Skipf("SKIPPED, NOT TESTED: %v; ./tools.sh installs it where it can", why)
}

// npm is where tools.sh puts packages of npm.
func npm(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		lacks(t, err)
	}
	return filepath.Join(cache, "refold-tools", "node_modules")
}

// TestCompilers: what several compilers make of real programs gives the same
// result and the same memory metered as not, and costs the same each time.
func TestCompilers(t *testing.T) {
	for name, compiler := range compilers {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "work.wasm")
			cmd := compiler(t, out)
			if text, err := cmd.CombinedOutput(); err != nil {
				if filepath.Base(cmd.Path) == "rustc" && bytes.Contains(text, []byte("can't find crate")) {
					lacks(t, "rustc has no wasm32-unknown-unknown")
				}
				t.Fatalf("%s: %v\n%s", cmd, err, text)
			}
			code, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, code, func(t *testing.T, m api.Module) string {
				text := ""
				for _, n := range []uint64{0, 1, 3, 20} {
					got, err := m.ExportedFunction("work").Call(t.Context(), n)
					text += fmt.Sprint(got, err, "\n")
				}
				return text
			})
		})
	}
}

// TestQuickJS runs JavaScript in an interpreter of it, which is a large module
// from a C compiler, with hundreds of indirect calls.
func TestQuickJS(t *testing.T) {
	code, err := os.ReadFile(filepath.Join(npm(t), "quickjs-wasi", "quickjs.wasm"))
	if err != nil {
		lacks(t, err)
	}
	script, err := os.ReadFile("testdata/work.js")
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	compare(t, code, func(t *testing.T, m api.Module) string {
		call := func(name string, args ...uint64) uint64 {
			got, err := m.ExportedFunction(name).Call(t.Context(), args...)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return append(got, 0)[0]
		}
		put := func(text []byte) uint64 {
			at := call("wasm_malloc", uint64(len(text)+1))
			m.Memory().Write(uint32(at), append(bytes.Clone(text), 0))
			return at
		}
		call("_initialize")
		call("qjs_init")
		value := call("qjs_eval", put(script), uint64(len(script)), put([]byte("work.js")), 0)
		length := call("wasm_malloc", 4)
		at := call("qjs_get_string_len", value, length)
		n, _ := m.Memory().ReadUint32Le(uint32(length))
		text, _ := m.Memory().Read(uint32(at), n)
		said = string(text)
		return said
	})
	if !strings.HasPrefix(said, "3") || !strings.Contains(said, "<") {
		t.Errorf("the script says %q", said)
	}
	t.Logf("the script says %q", said)
}

// compare runs a module as it is and metered, twice.
func compare(t *testing.T, code []byte, use func(*testing.T, api.Module) string) {
	t.Helper()
	metered, err := rewrite(code, meter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, wantMemory, _ := useOnce(t, code, use)
	exactly, err := exact(code)
	if err != nil {
		t.Fatal(err)
	}
	_, _, least := useOnce(t, exactly, use)
	first := int64(0)
	for range 2 {
		got, memory, fuel := useOnce(t, metered, use)
		if got != want {
			t.Errorf("metered it gives\n%s\nwant\n%s", got, want)
		}
		if !bytes.Equal(memory, wantMemory) {
			t.Error("metered its memory differs")
		}
		if fuel < least || first != 0 && fuel != first {
			t.Errorf("it costs %d, and %d before, and exactly %d", fuel, first, least)
		}
		first = fuel
	}
	t.Logf("costs %d, exactly %d; %d bytes grow to %d", first, least, len(code), len(metered))
}

func exact(code []byte) ([]byte, error) {
	f, err := wasmfile.Decode(code)
	if err != nil {
		return nil, err
	}
	return meter.RewriteExactly(f, meter.Options{})
}

func useOnce(t *testing.T, code []byte, use func(*testing.T, api.Module) string) (said string, memory []byte, fuel int64) {
	t.Helper()
	r := wazero.NewRuntime(t.Context())
	defer r.Close(context.Background())
	wasi_snapshot_preview1.MustInstantiate(t.Context(), r)
	compiled, err := r.CompileModule(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	offer(t, r, compiled)
	m, err := r.InstantiateModule(t.Context(), compiled, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		t.Fatal(err)
	}
	metered := m.ExportedGlobal(meter.Fuel) != nil
	if metered {
		refill(m, plenty, 1<<23)
		if start := m.ExportedFunction(meter.Start); start != nil {
			if _, err := start.Call(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	said = use(t, m)
	if metered {
		fuel = plenty - left(m, meter.Fuel)
	}
	view, _ := m.Memory().Read(0, m.Memory().Size())
	return said, bytes.Clone(view), fuel
}

// offer gives a module functions of "env" that do nothing and return zeros.
func offer(t *testing.T, r wazero.Runtime, compiled wazero.CompiledModule) {
	t.Helper()
	env, any := r.NewHostModuleBuilder("env"), false
	for _, f := range compiled.ImportedFunctions() {
		module, name, _ := f.Import()
		if module != "env" {
			continue
		}
		any = true
		nothing := api.GoFunc(func(_ context.Context, stack []uint64) { clear(stack) })
		env.NewFunctionBuilder().WithGoFunction(nothing, f.ParamTypes(), f.ResultTypes()).Export(name)
	}
	if !any {
		return
	}
	if _, err := env.Instantiate(t.Context()); err != nil {
		t.Fatal(err)
	}
}
