package conformance_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/process"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/manifest"
)

// kits are the kits that the suite holds, with the way to build each's mirror, and
// a function that the trace of its panic names: the name that it has in the source,
// where the module keeps it. Go has its trace in the log, and JavaScript says a line.
var kits = []struct {
	name  string
	build func(testing.TB) string
	trace string
}{
	{"go", func(t testing.TB) string { return conformance.BuildGo(t, "guests/go") }, ""},
	{"c", func(t testing.TB) string { return conformance.BuildC(t, "../c", "guests/c/mirror.c") }, "refold_fold"},
	{"rust", func(t testing.TB) string { return conformance.BuildRust(t, "../rust", "guests/rust/mirror.rs") }, "fold_group"},
	{"rust without std", func(t testing.TB) string {
		return conformance.BuildRustCore(t, "../rust", "guests/rust/mirror.rs")
	}, "fold_group"},
	{"assemblyscript", func(t testing.TB) string {
		return conformance.BuildAssemblyScript(t, "../assemblyscript", "guests/assemblyscript/mirror.ts")
	}, "guest/fold"},
	{"zig", func(t testing.TB) string { return conformance.BuildZig(t, "../zig", "guests/zig/mirror.zig") }, "foldKey"},
	{"javascript", func(testing.TB) string { return "guests/javascript/mirror.js" }, ""},
}

func TestKits(t *testing.T) {
	for _, kit := range kits {
		t.Run(kit.name, func(t *testing.T) {
			t.Parallel()
			testKit(t, load(t, kit.build(t)), kit.trace)
		})
	}
}

func testKit(t *testing.T, m module, trace string) {
	t.Run("manifest", func(t *testing.T) { testManifest(t, m) })
	t.Run("vectors", func(t *testing.T) { testVectors(t, m) })
	t.Run("one instance for all", func(t *testing.T) { testReuse(t, m) })
	t.Run("large batch", func(t *testing.T) { testLargeBatch(t, m) })
	t.Run("panic", func(t *testing.T) { testPanic(t, m, trace) })
}

// TestProcess: the mirror in Go, built as a process, is what it is in the sandbox.
func TestProcess(t *testing.T) {
	t.Parallel()
	log := &spoken{}
	host := process.NewHost(process.Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
	p, err := host.Load(context.Background(), process.Command{Path: conformance.BuildProcess(t, "guests/go")})
	if err != nil {
		t.Fatal(err)
	}
	testKit(t, module{p, func(ctx context.Context) (instance, error) { return p.Instantiate(ctx) }, log}, "")
}

// module is a loaded mirror and what it has logged.
type module struct {
	plugin interface{ Manifest() manifest.Manifest }
	begin  func(context.Context) (instance, error)
	log    *spoken
}

// instance is a mirror that runs.
type instance interface {
	Fold(ctx context.Context, batch []byte) ([]byte, error)
	Query(ctx context.Context, query []byte) ([]byte, error)
	Close(ctx context.Context) error
}

// spoken is a log, read while it is written.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *spoken) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func load(t *testing.T, path string) module {
	t.Helper()
	ctx, log := context.Background(), &spoken{}
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t), Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	m, err := host.Load(ctx, path, wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the module has %d bytes", m.Size())
	return module{m, func(ctx context.Context) (instance, error) { return m.Instantiate(ctx) }, log}
}

func (m module) start(t *testing.T) instance {
	t.Helper()
	i, err := m.begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return i
}

func fold(t *testing.T, i instance, b []byte) framejson.Result {
	t.Helper()
	out, err := i.Fold(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := frame.OpenBatch(b)
	if err != nil {
		t.Fatal(err)
	}
	r, err := frame.OpenResult(out, batch)
	if err != nil {
		t.Fatal(err)
	}
	return framejson.OfResult(r)
}

func testManifest(t *testing.T, m module) {
	want := manifest.Manifest{
		ABI: 1, Name: "mirror", State: manifest.Keyed, Key: "key", Events: []string{"mirrored", "commanded"},
		Fields: []manifest.Field{
			{Path: "do", Type: manifest.String}, {Path: "value.bool", Type: manifest.Bool},
			{Path: "value.i64", Type: manifest.I64}, {Path: "value.f64", Type: manifest.F64},
			{Path: "value.string", Type: manifest.String}, {Path: "value.bytes", Type: manifest.Bytes},
			{Path: "value.uuid", Type: manifest.UUID}, {Path: "value.time", Type: manifest.Time},
		},
	}
	got := m.plugin.Manifest()
	if !strings.HasPrefix(got.SDK, "refold-") {
		t.Errorf("sdk is %q, want a kit's name", got.SDK)
	}
	got.SDK = ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// vector is a golden vector of sdk/testdata/mirror.
type vector struct {
	name   string
	Result framejson.Result `json:"result"`
	Frame  string           `json:"frame"`
}

func (v vector) bytes(t *testing.T) []byte {
	t.Helper()
	b, err := hex.DecodeString(v.Frame)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func vectors(t *testing.T) (list []vector) {
	t.Helper()
	files, err := filepath.Glob("../testdata/mirror/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d vectors, error %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v := vector{name: filepath.Base(file)}
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

func testVectors(t *testing.T, m module) {
	for _, v := range vectors(t) {
		t.Run(v.name, func(t *testing.T) {
			if diff := cmp.Diff(v.Result, fold(t, m.start(t), v.bytes(t))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// testReuse holds that a call leaves nothing behind for the next, not even a
// rejected one.
func testReuse(t *testing.T, m module) {
	i := m.start(t)
	for range 20 {
		for _, v := range vectors(t) {
			if diff := cmp.Diff(v.Result, fold(t, i, v.bytes(t))); diff != "" {
				t.Fatalf("%s:\n%s", v.name, diff)
			}
		}
	}
}

// testLargeBatch makes the guest grow its memory, for the input and for the
// result.
func testLargeBatch(t *testing.T, m module) {
	const events = 20_000
	key := framejson.Text("k")
	b := framejson.Batch{Types: []string{"mirrored", "commanded"}, SlotsPerEvent: 8, Groups: []framejson.Group{{Key: &key}}}
	for n := range events {
		b.Groups[0].Events = append(b.Groups[0].Events, framejson.Event{
			Position: uint64(n + 1), Type: "mirrored", AggregateType: "thing", Data: bytes.Repeat([]byte("x"), 250),
		})
	}
	text, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	i := m.start(t)
	small := vectors(t)[0]
	if diff := cmp.Diff(small.Result, fold(t, i, small.bytes(t))); diff != "" {
		t.Fatal(diff)
	}
	got := fold(t, i, text)
	if len(got.Effects) != events || len(got.Groups) != 1 || string(*got.Groups[0].State) != `{"events":20000}` {
		t.Fatalf("%d effects, groups %v", len(got.Effects), got.Groups)
	}
	if diff := cmp.Diff(small.Result, fold(t, i, small.bytes(t))); diff != "" {
		t.Error(diff)
	}
}

// testPanic holds that a panic ends the call with a typed error that names the
// event and says why, as the log does, and has a trace with functions' names.
func testPanic(t *testing.T, m module, trace string) {
	key := framejson.Text("k")
	calm := framejson.Event{Position: 1, Type: "mirrored", AggregateType: "thing"}
	angry := framejson.Event{Position: 2, Type: "commanded", AggregateType: "thing",
		Slots: []framejson.Slot{{Kind: "string", Value: framejson.Text("panic")}}}
	b := framejson.Batch{SlotsPerEvent: 8, Groups: []framejson.Group{{Key: &key, Events: []framejson.Event{calm, angry}}}}
	text, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.start(t).Fold(context.Background(), text)
	var guest *runtime.GuestError
	if !errors.As(err, &guest) {
		t.Fatalf("error is %v, want a GuestError", err)
	}
	if guest.Event != 1 {
		t.Errorf("event %d is blamed, want 1: %v", guest.Event, err)
	}
	if !strings.Contains(m.log.String(), "panicked on demand") || !strings.Contains(err.Error(), "panicked on demand") {
		t.Errorf("%v does not say why, or the log does not:\n%s", err, m.log)
	}
	if !strings.Contains(fmt.Sprint(guest.Err), trace) {
		t.Errorf("the trace does not name %s: %v", trace, guest.Err)
	}
}
