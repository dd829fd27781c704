package meter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

// script is a test of the WebAssembly specification as wast2json writes it.
type script struct {
	Commands []command `json:"commands"`
}

type command struct {
	Type     string `json:"type"`
	Line     int    `json:"line"`
	Name     string `json:"name"`
	Filename string `json:"filename"`
	As       string `json:"as"`
	Format   string `json:"module_type"`
	Action   struct {
		Type   string  `json:"type"`
		Module string  `json:"module"`
		Field  string  `json:"field"`
		Args   []value `json:"args"`
	} `json:"action"`
}

type value struct {
	Type  string          `json:"type"`
	Lane  string          `json:"lane_type"`
	Value json.RawMessage `json:"value"`
}

// TestSpecification runs the specification's tests, which wazero's module
// carries, as they are and metered: each call must give the same bits, or trap
// for the same reason.
func TestSpecification(t *testing.T) {
	dir := specification(t)
	for _, set := range []struct {
		name     string
		features api.CoreFeatures
		scripts  int
	}{{"v1", api.CoreFeaturesV1, 73}, {"v2", api.CoreFeaturesV2, 148}} {
		scripts, err := filepath.Glob(filepath.Join(dir, set.name, "testdata", "*.json"))
		if err != nil || len(scripts) < set.scripts {
			t.Fatalf("%d scripts in %s of %s, %v; want %d", len(scripts), set.name, dir, err, set.scripts)
		}
		for _, path := range scripts {
			t.Run(set.name+"/"+strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
				t.Parallel()
				runScript(t, path, set.features)
			})
		}
	}
}

// specification is the folder of the tests in the module cache.
func specification(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal", "integration_test", "spectest")
}

func runScript(t *testing.T, path string, features api.CoreFeatures) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s script
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	plain, metered := newWorld(t, path, features, false), newWorld(t, path, features, true)
	for i, c := range s.Commands {
		as := ""
		if i+1 < len(s.Commands) && s.Commands[i+1].Type == "register" {
			as = s.Commands[i+1].As
		}
		want, got := plain.run(t, c, as), metered.run(t, c, as)
		if want != got {
			t.Errorf("line %d, %s %s: %s, but metered %s", c.Line, c.Type, c.Action.Field, want, got)
		}
	}
}

// world runs a script's commands.
type world struct {
	dir     string
	meter   bool
	runtime wazero.Runtime
	named   map[string]api.Module
	latest  api.Module
	all     []api.Module // that are metered
}

func newWorld(t *testing.T, path string, features api.CoreFeatures, meter bool) *world {
	w := &world{dir: filepath.Dir(path), meter: meter, named: map[string]api.Module{},
		runtime: wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfig().WithCoreFeatures(features))}
	t.Cleanup(func() { w.runtime.Close(context.Background()) })
	host, err := os.ReadFile(filepath.Join(w.dir, "..", "..", "testdata", "spectest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.runtime.InstantiateWithConfig(t.Context(), host, wazero.NewModuleConfig()); err != nil {
		t.Fatal(err)
	}
	return w
}

// run says what a command came to.
func (w *world) run(t *testing.T, c command, as string) string {
	switch c.Type {
	case "module":
		m, err := w.load(t, c.Filename, as)
		if err != nil {
			t.Errorf("line %d: %v (metered: %v)", c.Line, err, w.meter)
			return "error"
		}
		w.latest = m
		if c.Name != "" {
			w.named[c.Name] = m
		}
		return "loaded"
	case "assert_malformed", "assert_invalid", "assert_unlinkable", "assert_uninstantiable":
		if c.Format == "text" {
			return "skipped"
		}
		_, err := w.load(t, c.Filename, "")
		return fmt.Sprint("refused: ", err != nil)
	case "action", "assert_return", "assert_trap", "assert_exhaustion":
		return w.act(t, c)
	case "register":
		return "done"
	}
	t.Fatalf("line %d: unknown command %s", c.Line, c.Type)
	return ""
}

const plenty = 1 << 40

func (w *world) load(t *testing.T, file, as string) (api.Module, error) {
	code, err := os.ReadFile(filepath.Join(w.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	if w.meter {
		if code, err = rewrite(code, meter.Options{}); err != nil {
			return nil, err
		}
	}
	m, err := w.runtime.InstantiateWithConfig(t.Context(), code, wazero.NewModuleConfig().WithName(as))
	if err != nil || !w.meter {
		return m, err
	}
	w.all = append(w.all, m)
	if start := m.ExportedFunction(meter.Start); start != nil {
		w.refill()
		if _, err := start.Call(t.Context()); err != nil {
			return nil, errors.Join(err, m.Close(t.Context()))
		}
	}
	return m, nil
}

// refill fills up all modules: one may call another.
func (w *world) refill() {
	for _, m := range w.all {
		refill(m, plenty, 1<<20)
	}
}

// rewrite meters a module; an error that is not typed would be a bug.
func rewrite(code []byte, o meter.Options) ([]byte, error) {
	f, err := wasmfile.Decode(code)
	if err == nil {
		code, err = meter.Rewrite(f, o)
	}
	if format := (*wasmfile.FormatError)(nil); err != nil && !errors.As(err, &format) {
		panic(fmt.Sprintf("%v is no FormatError", err))
	}
	return code, err
}

func (w *world) act(t *testing.T, c command) string {
	m := w.latest
	if c.Action.Module != "" {
		m = w.named[c.Action.Module]
	}
	if c.Action.Type == "get" {
		return fmt.Sprint(m.ExportedGlobal(c.Action.Field).Get())
	}
	w.refill()
	results, err := m.ExportedFunction(c.Action.Field).Call(t.Context(), arguments(c.Action.Args)...)
	if err == nil {
		return fmt.Sprint(results)
	}
	if c.Type == "assert_exhaustion" {
		if w.meter && left(m, meter.Stack) >= 0 {
			t.Errorf("line %d: %v, and there is stack left", c.Line, err)
		}
		return "exhausted"
	}
	reason, _, _ := strings.Cut(err.Error(), "\n")
	return reason
}

func refill(m api.Module, fuel, stack int64) {
	set(m, meter.Fuel, fuel)
	set(m, meter.Stack, stack)
}

func set(m api.Module, counter string, v int64) {
	m.ExportedGlobal(counter).(api.MutableGlobal).Set(uint64(v))
}

func left(m api.Module, counter string) int64 { return int64(m.ExportedGlobal(counter).Get()) }

func arguments(list []value) (words []uint64) {
	for _, v := range list {
		if v.Type != "v128" {
			words = append(words, word(v.Type, text(v.Value)))
			continue
		}
		var lanes []string
		if err := json.Unmarshal(v.Value, &lanes); err != nil {
			panic(err)
		}
		width := 128 / len(lanes)
		for half := range slices.Chunk(lanes, len(lanes)/2) {
			var w uint64
			for i, lane := range half {
				w |= number(lane, width) << (i * width)
			}
			words = append(words, w)
		}
	}
	return words
}

func text(raw json.RawMessage) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		panic(err)
	}
	return s
}

func word(kind, s string) uint64 {
	switch kind {
	case "i32", "f32":
		return number(s, 32)
	case "externref":
		if s != "null" {
			return number(s, 64) + 1 // wazero takes 0 for null
		}
		return 0
	case "funcref":
		return 0
	}
	return number(s, 64)
}

func number(s string, width int) uint64 {
	n, err := strconv.ParseUint(s, 10, width)
	if err != nil {
		panic(err)
	}
	return n
}
