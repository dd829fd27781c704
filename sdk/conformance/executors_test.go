package conformance_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/manifest"
)

// executorKits are the kits that have executors, as in the table of kits.
var executorKits = []struct {
	name  string
	build func(testing.TB) string
	trace string
}{
	{"go", func(t testing.TB) string { return conformance.BuildGo(t, "guests/go-executor") }, ""},
	{"c", func(t testing.TB) string { return conformance.BuildC(t, "../c", "guests/c/mirror_executor.c") }, "refold_execute"},
	{"rust", func(t testing.TB) string {
		return conformance.BuildRust(t, "../rust", "guests/rust/mirror_executor.rs")
	}, "refold_execute"},
	{"rust without std", func(t testing.TB) string {
		return conformance.BuildRustCore(t, "../rust", "guests/rust/mirror_executor.rs")
	}, "refold_execute"},
}

func TestExecutorKits(t *testing.T) {
	for _, kit := range executorKits {
		t.Run(kit.name, func(t *testing.T) {
			t.Parallel()
			m := loadExecutor(t, kit.build(t))
			t.Run("manifest", func(t *testing.T) { testExecutorManifest(t, m) })
			t.Run("configuration", func(t *testing.T) { testConfiguration(t, m) })
			t.Run("vectors", func(t *testing.T) { testExecutorVectors(t, m) })
			t.Run("one instance for all", func(t *testing.T) { testExecutorReuse(t, m) })
			t.Run("large batch", func(t *testing.T) { testLargeEffects(t, m) })
			t.Run("bytes that are no text", func(t *testing.T) { testNoText(t, m) })
			t.Run("panic", func(t *testing.T) { testExecutorPanic(t, m, kit.trace) })
		})
	}
}

// executorModule is a loaded mirror executor and what it has logged.
type executorModule struct {
	*wasm.ExecutorModule
	log *bytes.Buffer
}

func loadExecutor(t *testing.T, path string) executorModule {
	t.Helper()
	ctx, log := context.Background(), &bytes.Buffer{}
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t), Logger: slog.New(slog.NewJSONHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	m, err := host.LoadExecutor(ctx, path, wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return executorModule{m, log}
}

func (m executorModule) start(t *testing.T, config string, calls wasm.Calls) *wasm.ExecutorInstance {
	t.Helper()
	i, err := m.Instantiate(context.Background(), []byte(config), calls)
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

// lines are the messages logged since the last call.
func (m executorModule) lines(t *testing.T) (list []string) {
	t.Helper()
	for d := json.NewDecoder(m.log); d.More(); {
		var line struct{ Level, Msg string }
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		list = append(list, line.Msg)
	}
	m.log.Reset()
	return list
}

func testExecutorManifest(t *testing.T, m executorModule) {
	want := manifest.Executor{
		ABI: 1, Name: "mirror_executor", Kinds: []string{"insert", "update", "delete", "query", "log", "emit_event"},
		Wants: []manifest.Want{{Capability: manifest.HTTP, Reason: "mirrors http"}, {Capability: manifest.SQL, Name: "ledger", Reason: "mirrors sql"},
			{Capability: manifest.NATS, Reason: "mirrors nats"}, {Capability: manifest.Secrets, Name: "token", Reason: "mirrors secrets"}},
	}
	got := m.Manifest()
	if !strings.HasPrefix(got.SDK, "refold-") {
		t.Errorf("sdk is %q, want a kit's name", got.SDK)
	}
	got.SDK = ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func testConfiguration(t *testing.T, m executorModule) {
	if !m.Configurable() {
		t.Fatal("it takes no configuration")
	}
	m.start(t, `{"refuse":false}`, &played{t: t})
	_, err := m.Instantiate(context.Background(), []byte(`{"refuse":true}`), &played{t: t})
	var guest *runtime.GuestError
	if !errors.As(err, &guest) || guest.Code != runtime.BadConfig || !strings.Contains(guest.Reason, "refused on demand") {
		t.Errorf("error is %v, want a configuration that is refused", err)
	}
}

// hostCall is a call of the host in a vector.
type hostCall struct {
	Function string            `json:"function"`
	Effect   int               `json:"effect"`
	Request  framejson.Message `json:"request"`
	Answer   framejson.Message `json:"answer"`
}

// executorVector is a golden vector of sdk/testdata/executor.
type executorVector struct {
	name    string
	Calls   []hostCall        `json:"calls"`
	Log     []string          `json:"log"`
	Outcome framejson.Outcome `json:"outcome"`
	Frame   string            `json:"frame"`
}

func executorVectors(t *testing.T) (list []executorVector) {
	t.Helper()
	files, err := filepath.Glob("../testdata/executor/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d vectors, error %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v := executorVector{name: filepath.Base(file)}
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// played is a host that answers as a vector says, and remembers what it was asked.
type played struct {
	t       *testing.T
	answers []hostCall
	asked   []hostCall
}

func (p *played) Begin(frame.EffectBatch) { p.asked = nil }

func (p *played) Call(_ context.Context, c runtime.Call) []byte {
	request, err := frame.OpenMessage(c.Request)
	if err != nil {
		p.t.Fatalf("the request to %s: %v", c.Function, err)
	}
	asked := hostCall{Function: c.Function, Effect: c.Effect, Request: framejson.OfMessage(request)}
	if len(p.asked) < len(p.answers) {
		asked.Answer = p.answers[len(p.asked)].Answer
	}
	p.asked = append(p.asked, asked)
	answer, err := asked.Answer.Frame()
	if err != nil {
		p.t.Fatal(err)
	}
	return answer
}

func (p *played) Wait(context.Context, int, time.Duration) bool { return true }

func (p *played) Redact(text string) string { return text }

// perform performs a vector and holds calls, log and outcome to it.
func (v *executorVector) perform(t *testing.T, m executorModule, i *wasm.ExecutorInstance, p *played) {
	t.Helper()
	effects, err := hex.DecodeString(v.Frame)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := frame.OpenEffectBatch(effects)
	if err != nil {
		t.Fatal(err)
	}
	p.answers = v.Calls
	m.lines(t)
	said, err := i.Execute(context.Background(), effects)
	if err != nil {
		t.Fatal(err)
	}
	o, err := frame.OpenOutcome(said, batch.Count())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v.Outcome, framejson.OfOutcome(o)); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(v.Calls, p.asked); diff != "" {
		t.Errorf("calls of the host (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(v.Log, m.lines(t)); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func testExecutorVectors(t *testing.T, m executorModule) {
	for _, v := range executorVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			p := &played{t: t}
			v.perform(t, m, m.start(t, "{}", p), p)
		})
	}
}

// testExecutorReuse holds that a batch leaves nothing behind for the next, not even
// one that failed.
func testExecutorReuse(t *testing.T, m executorModule) {
	p := &played{t: t}
	i := m.start(t, "{}", p)
	for range 5 {
		for _, v := range executorVectors(t) {
			v.perform(t, m, i, p)
			if t.Failed() {
				t.Fatal(v.name)
			}
		}
	}
}

// testLargeEffects makes the guest grow its memory, for the input, for a request and
// for an answer.
func testLargeEffects(t *testing.T, m executorModule) {
	large := bytes.Repeat([]byte("x"), 3<<20)
	answer := framejson.Message{{Kind: "i64", Value: framejson.Text("0")}, {Kind: "string", Value: framejson.Text{}}, {Kind: "i64", Value: framejson.Text("204")},
		{Kind: "bytes", Value: framejson.Text(hex.EncodeToString(large))}}
	p := &played{t: t, answers: []hostCall{{Answer: answer}}}
	b := framejson.EffectBatch{Effects: []framejson.BatchedEffect{{Kind: "insert", Name: framejson.Text("http"), Body: large}}}
	for range 2000 {
		b.Effects = append(b.Effects, framejson.BatchedEffect{Kind: "insert", Name: framejson.Text("poison"), Body: bytes.Repeat([]byte("y"), 1000)})
	}
	text, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	i := m.start(t, "{}", p)
	for range 3 {
		said, err := i.Execute(context.Background(), text)
		if err != nil {
			t.Fatal(err)
		}
		o, err := frame.OpenOutcome(said, len(b.Effects))
		if err != nil || o.Status != frame.Poison || o.Performed != 1 || o.Poison != 1 {
			t.Fatalf("the outcome is %+v, %v", o, err)
		}
		if len(p.asked) != 1 || !bytes.Equal(p.asked[0].Request[2].Value, large) {
			t.Fatalf("%d calls of the host", len(p.asked))
		}
	}
}

// testNoText holds that a body that is no text goes out as it is, and that a name that
// is none stays as it is or condemns its effect, but is not taken for another.
func testNoText(t *testing.T, m executorModule) {
	const binary = "\xff\x00\xc3("
	answer := framejson.Message{{Kind: "i64", Value: framejson.Text("0")}, {Kind: "string", Value: framejson.Text{}}, {Kind: "i64", Value: framejson.Text("204")},
		{Kind: "bytes", Value: framejson.Text{}}}
	p := &played{t: t, answers: []hostCall{{Answer: answer}}}
	b := framejson.EffectBatch{Effects: []framejson.BatchedEffect{
		{Kind: "insert", Name: framejson.Text("http"), Body: []byte(binary)}, {Kind: "delete", Name: framejson.Text("told"), Key: framejson.Text(binary)},
	}}
	text, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	m.lines(t)
	said, err := m.start(t, "{}", p).Execute(context.Background(), text)
	if err != nil {
		t.Fatal(err)
	}
	sent := p.asked[0].Request[2]
	if got, want := string(sent.Value), map[string]string{"string": binary, "bytes": hex.EncodeToString([]byte(binary))}[sent.Kind]; got != want {
		t.Errorf("the body is sent as %s %q", sent.Kind, got)
	}
	o, err := frame.OpenOutcome(said, len(b.Effects))
	switch {
	case err != nil:
		t.Fatal(err)
	case o.Status == frame.Poison && o.Poison == 1 && strings.Contains(string(o.Text), "the effect's key is no UTF-8"):
	case o.Status != frame.Performed || !strings.Contains(strings.Join(m.lines(t), "\n"), `"kind":"delete"`):
		t.Errorf("the outcome is %+v", o)
	}
}

// testExecutorPanic holds that a panic ends the call with a typed error that names
// the effect and says why.
func testExecutorPanic(t *testing.T, m executorModule, trace string) {
	b := framejson.EffectBatch{Effects: []framejson.BatchedEffect{{Kind: "log"}, {Kind: "insert", Name: framejson.Text("panic")}}}
	text, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	m.lines(t)
	_, err = m.start(t, "{}", &played{t: t}).Execute(context.Background(), text)
	var guest *runtime.GuestError
	if !errors.As(err, &guest) {
		t.Fatalf("error is %v, want a GuestError", err)
	}
	if at, ok := guest.EffectIndex(); !ok || at != 1 {
		t.Errorf("effect %d is blamed, want 1: %v", at, err)
	}
	if log := strings.Join(m.lines(t), "\n"); !strings.Contains(log, "panicked on demand") || !strings.Contains(err.Error(), "panicked on demand") {
		t.Errorf("%v does not say why, or the log does not:\n%s", err, log)
	}
	if guest.Err == nil || !strings.Contains(guest.Err.Error(), trace) {
		t.Errorf("the trace does not name %s: %v", trace, guest.Err)
	}
}

// TestReadmesShowExecutors builds the executors that the kits' READMEs show, and
// performs the worked example with each.
func TestReadmesShowExecutors(t *testing.T) {
	for kit, build := range map[string]func(*testing.T) string{
		"c": func(t *testing.T) string {
			return conformance.BuildC(t, "../c", shown(t, "../c/README.md", "c,executor", "notices.c"))
		},
		"rust": func(t *testing.T) string {
			return conformance.BuildRust(t, "../rust", shown(t, "../rust/README.md", "rust,executor", "lib.rs"))
		},
	} {
		t.Run(kit, func(t *testing.T) {
			t.Parallel()
			m := loadExecutor(t, build(t))
			calls := &oneCall{t: t, request: goldenFrame(t, "message/worked_example_request"), answer: goldenFrame(t, "message/worked_example_answer")}
			got, err := m.start(t, "{}", calls).Execute(context.Background(), goldenFrame(t, "effects/worked_example"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(goldenFrame(t, "outcome/worked_example"), got); diff != "" {
				t.Error(diff)
			}
			if len(m.Manifest().Wants) != 1 || m.Manifest().Name != "notices" {
				t.Errorf("it says %+v", m.Manifest())
			}
		})
	}
}
