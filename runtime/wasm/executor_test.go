package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// calls are what an executor under test reaches.
type calls struct {
	asked  []runtime.Call
	begun  int // effects of the last batch
	answer func(ctx context.Context, c runtime.Call) []byte
	waited []time.Duration
	refuse bool // to wait
	secret string
}

func (c *calls) Begin(effects frame.EffectBatch) { c.begun = effects.Count() }

func (c *calls) Call(ctx context.Context, call runtime.Call) []byte {
	c.asked = append(c.asked, call)
	if c.answer != nil {
		return c.answer(ctx, call)
	}
	return frame.AppendMessage(nil, frame.IntSlot(0), frame.BytesSlot(frame.String, nil))
}

func (c *calls) Wait(_ context.Context, _ int, d time.Duration) bool {
	c.waited = append(c.waited, d)
	return !c.refuse
}

func (c *calls) Redact(text string) string {
	if c.secret == "" {
		return text
	}
	return strings.ReplaceAll(text, c.secret, "[secret]")
}

// Function indexes of executorWith's modules, whose imports come first.
const (
	markIndex = iota
	httpIndex
	answerIndex
	logIndex
)

// executorWith returns an executor that imports what the indexes above name, but for
// what change does.
func executorWith(change func(*wasmtest.Module)) *wasmtest.Module {
	m := wasmtest.Executor()
	m.Imports = []wasmtest.Import{
		{Module: "refold", Name: "begin_effect", Params: "i"},
		{Module: "refold_host", Name: "http", Params: "ii", Results: "i"},
		{Module: "refold_host", Name: "answer", Params: "ii"},
		{Module: "refold", Name: "log", Params: "iii"},
	}
	if change != nil {
		change(m)
	}
	return m
}

// performing is an executor that runs code before it returns its outcome.
func performing(code ...[]byte) *wasmtest.Module {
	return executorWith(func(m *wasmtest.Module) {
		fn := m.Func("refold_execute")
		fn.Body = wasmtest.Code(append(code, fn.Body)...)
	})
}

func loadExecutor(t testing.TB, h *Host, m *wasmtest.Module, limits Limits) *ExecutorModule {
	t.Helper()
	x, err := h.LoadExecutor(t.Context(), write(t, m.Bytes()), limits)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func startExecutor(t testing.TB, m *wasmtest.Module, c *calls) *ExecutorInstance {
	t.Helper()
	return openExecutor(t, loadExecutor(t, newHost(t, nil), m, Limits{}), c)
}

func openExecutor(t testing.TB, x *ExecutorModule, c *calls) *ExecutorInstance {
	t.Helper()
	e, err := x.Instantiate(t.Context(), []byte("{}"), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// logs is a batch of so many Log effects.
func logs(t testing.TB, n int) []byte {
	t.Helper()
	var w frame.EffectBatchWriter
	w.Reset(frame.EffectBatchHeader{Pipeline: "p", Generation: 1, Through: uint64(n)})
	for i := range n {
		w.Add(&frame.BatchedEffect{Kind: frame.Log, Cause: uint64(i + 1), ID: [16]byte{15: byte(i)}, Body: []byte("line")})
	}
	b, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestExecutorsGate: what sets executors apart is refused by name on the other side.
func TestExecutorsGate(t *testing.T) {
	h := newHost(t, nil)
	for _, name := range append(imports.Calls(), "answer") {
		m := guestWith(imported("refold_host", name, "ii", ""))
		_, err := h.Load(t.Context(), write(t, m.Bytes()), Limits{})
		guest := guestError(t, err, runtime.ForbiddenImport)
		if !strings.Contains(guest.Reason, "refold_host."+name) || !strings.Contains(guest.Hint, "executors: [{wasm: {module: FILE.wasm}}]") {
			t.Errorf("a projection that imports %s: %v", name, err)
		}
	}
	_, err := h.Load(t.Context(), write(t, executorWith(func(m *wasmtest.Module) { m.Imports = nil }).Bytes()), Limits{})
	if guest := guestError(t, err, runtime.MissingExport); !strings.Contains(guest.Hint, "it is an executor") {
		t.Errorf("an executor in a projection's place: %v", err)
	}
	for _, tt := range []struct {
		name   string
		module *wasmtest.Module
		code   runtime.Code
		want   string
	}{
		{"a projection", wasmtest.Guest(), runtime.MissingExport, "it is a projection"},
		{"an event mark", executorWith(imported("refold", "begin_event", "i", "")), runtime.ForbiddenImport, "by begin_effect"},
		{"what WASI has no world for", executorWith(imported("wasi_snapshot_preview1", "sock_send", "iiiii", "i")), runtime.ForbiddenImport, "see sdk/ABI.md"},
		{"another function of the host", executorWith(imported("refold_host", "exec", "ii", "i")), runtime.ForbiddenImport, "refold_host.exec"},
		{"another signature", executorWith(func(m *wasmtest.Module) { m.Imports[httpIndex].Results = "I" }), runtime.WrongSignature, "(i32, i32) -> i32"},
		{"another signature of an export", executorWith(func(m *wasmtest.Module) { m.Func("refold_execute").Params = "i" }), runtime.WrongSignature, "refold_execute"},
		{"a projection's manifest", executorWith(func(m *wasmtest.Module) { m.Describe(`{"abi":1,"name":"hand","state":"stateless"}`) }), runtime.BadManifest, "state"},
		{"a want that is not told", executorWith(func(m *wasmtest.Module) {
			m.Describe(`{"abi":1,"name":"hand","kinds":["log"],"wants":[{"capability":"sql","reason":"r"}]}`)
		}), runtime.BadManifest, `add {"capability":"http","reason":"…"} to its wants`},
		{"a trap", executorWith(func(m *wasmtest.Module) { m.Func("refold_describe").Body = []byte{wasmtest.Unreachable} }), runtime.Trap, "unreachable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := h.LoadExecutor(t.Context(), write(t, tt.module.Bytes()), Limits{})
			guestError(t, err, tt.code)
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v does not say %q", err, tt.want)
			}
		})
	}
}

func TestExecutorIsExamined(t *testing.T) {
	path := write(t, executorWith(nil).Bytes())
	facts, err := Examine(path, Limits{})
	if err != nil || !facts.Executor || facts.Refusal != nil || !facts.Imports[httpIndex].Allowed {
		t.Errorf("got %+v, %v", facts, err)
	}
	x := loadExecutor(t, newHost(t, nil), executorWith(nil), Limits{})
	if x.Manifest().Name != "hand" || len(x.Manifest().Wants) != 4 || x.Configurable() || x.Digest() != "sha256:"+facts.Digest {
		t.Errorf("it says %+v, digest %s", x.Manifest(), x.Digest())
	}
	if facts, err := Examine(write(t, wasmtest.Guest().Bytes()), Limits{}); err != nil || facts.Executor {
		t.Errorf("a projection: %+v, %v", facts, err)
	}
}

// TestCapabilitiesAreKnown: each function of the host needs a capability, or is
// answer.
func TestCapabilitiesAreKnown(t *testing.T) {
	for _, name := range imports.Calls() {
		if !slices.Contains([]manifest.Capability{manifest.HTTP, manifest.SQL, manifest.NATS, manifest.Secrets}, capabilityOf[name]) {
			t.Errorf("%s needs %q", name, capabilityOf[name])
		}
	}
}

// TestExecute makes a call for each of two effects and hands over what the host
// answers.
func TestExecute(t *testing.T) {
	m := executorWith(nil)
	n := m.Request(frame.BytesSlot(frame.String, []byte("GET")))
	call := wasmtest.Code(wasmtest.I32(wasmtest.RequestAt), wasmtest.I32(int32(n)), wasmtest.Call(httpIndex), []byte{0x1a}) // drop
	take := wasmtest.Code(wasmtest.I32(8), wasmtest.I32(16+2*16), wasmtest.Call(answerIndex))
	m.Outcome(frame.AppendOutcome(nil, &frame.Outcome{Performed: 2}))
	fn := m.Func("refold_execute")
	fn.Body = wasmtest.Code(call, take, wasmtest.I32(0), wasmtest.Call(markIndex), call, take, wasmtest.I32(1), wasmtest.Call(markIndex), call, call, take, fn.Body)

	c := &calls{}
	e := startExecutor(t, m, c)
	for range 3 {
		c.asked = nil
		outcome, err := e.Execute(t.Context(), logs(t, 2))
		if err != nil {
			t.Fatal(err)
		}
		if o, err := frame.OpenOutcome(outcome, 2); err != nil || o.Status != frame.Performed {
			t.Errorf("the outcome is %+v, %v", o, err)
		}
		var at []int
		for _, asked := range c.asked {
			at = append(at, asked.Effect)
			if request, err := frame.OpenMessage(asked.Request); asked.Function != "http" || err != nil || request.Count() != 1 {
				t.Errorf("asked %+v", asked)
			}
		}
		if fmt.Sprint(at) != "[-1 0 1 1]" {
			t.Errorf("asked for the effects %v", at)
		}
	}
	if e.Dead() || c.begun != 2 {
		t.Errorf("the instance is dead: %v, %d effects were begun", e.Dead(), c.begun)
	}
}

// TestMisconduct: whatever an executor does wrong is a typed error, the instance is
// dead, and another one works.
func TestMisconduct(t *testing.T) {
	ask := func(at, n int32) []byte {
		return wasmtest.Code(wasmtest.I32(at), wasmtest.I32(n), wasmtest.Call(httpIndex), []byte{0x1a})
	}
	take := func(at, n int32) []byte {
		return wasmtest.Code(wasmtest.I32(at), wasmtest.I32(n), wasmtest.Call(answerIndex))
	}
	mark := func(i int32) []byte { return wasmtest.Code(wasmtest.I32(i), wasmtest.Call(markIndex)) }
	forever := []byte{0x03, 0x40, 0x0c, 0x00, 0x0b} // loop: br 0
	const answer = 16 + 2*16
	for _, tt := range []struct {
		name   string
		code   [][]byte
		want   runtime.Code
		effect int
	}{
		{"request beyond memory", [][]byte{ask(wasmtest.Page-4, 8)}, runtime.BadPointer, -1},
		{"request at 2^32-1", [][]byte{mark(1), ask(-1, 8)}, runtime.BadPointer, 1},
		{"request that wraps 32 bits", [][]byte{ask(-8, 16)}, runtime.BadPointer, -1},
		{"request of 2^31", [][]byte{ask(0, -1<<31)}, runtime.BadCall, -1},
		{"request of 16 MiB and one", [][]byte{ask(0, 16<<20+1)}, runtime.BadCall, -1},
		{"answer without a call", [][]byte{mark(2), take(8, answer)}, runtime.BadCall, 2},
		{"answer twice", [][]byte{ask(0, 8), take(8, answer), take(8, answer)}, runtime.BadCall, -1},
		{"answer with a small room", [][]byte{ask(0, 8), take(8, answer-1)}, runtime.BadCall, -1},
		{"answer with a huge room", [][]byte{ask(0, 8), take(8, -1)}, runtime.BadCall, -1},
		{"answer to beyond memory", [][]byte{ask(0, 8), take(wasmtest.Page-8, answer)}, runtime.BadPointer, -1},
		{"marks that descend", [][]byte{mark(2), mark(1)}, runtime.BadMark, -1},
		{"the same mark twice", [][]byte{mark(0), mark(0)}, runtime.BadMark, -1},
		{"a mark behind the end", [][]byte{mark(3), mark(4)}, runtime.BadMark, -1},
		{"a trap", [][]byte{mark(1), {wasmtest.Unreachable}}, runtime.Trap, 1},
		{"a trap behind the last", [][]byte{mark(3), {wasmtest.Unreachable}}, runtime.Trap, 3},
		{"a loop without end", [][]byte{mark(0), mark(2), forever}, runtime.OutOfFuel, 2},
		{"a log beyond memory", [][]byte{wasmtest.I32(0), wasmtest.I32(-1), wasmtest.I32(8), wasmtest.Call(logIndex)}, runtime.BadPointer, -1},
		{"an outcome beyond memory", [][]byte{wasmtest.Span(wasmtest.Page-8, 40), {0x0f}}, runtime.BadPointer, -1}, // return
		{"an outcome over its limit", [][]byte{wasmtest.Span(0, 1<<20+1), {0x0f}}, runtime.OutputTooLarge, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := loadExecutor(t, newHost(t, nil), performing(tt.code...), Limits{FuelPerEvent: 1_000_000, OutputBytes: 1 << 20})
			e := openExecutor(t, x, &calls{})
			_, err := e.Execute(t.Context(), logs(t, 3))
			guest := guestError(t, err, tt.want)
			if at, ok := guest.EffectIndex(); at != tt.effect && (ok || tt.effect >= 0) {
				t.Errorf("the effect is %d, want %d: %v", at, tt.effect, err)
			}
			if _, ok := guest.EventIndex(); ok || tt.effect >= 0 && !strings.Contains(err.Error(), fmt.Sprintf("effect %d of the batch", tt.effect)) {
				t.Errorf("it blames an event: %v", err)
			}
			if !e.Dead() {
				t.Error("the instance lives")
			}
			_, err = e.Execute(t.Context(), logs(t, 1))
			guestError(t, err, runtime.Dead)
		})
	}
}

// TestAnswerOverlaps: an answer may be written anywhere in the guest's memory, over
// its own request and its input, and harms nobody else.
func TestAnswerOverlaps(t *testing.T) {
	for _, to := range []int32{0, wasmtest.InputAt, wasmtest.RequestAt + 4, wasmtest.Page - (16 + 2*16)} {
		m := performing(wasmtest.I32(wasmtest.RequestAt), wasmtest.I32(16), wasmtest.Call(httpIndex), []byte{0x1a},
			wasmtest.I32(to), wasmtest.I32(16+2*16), wasmtest.Call(answerIndex))
		m.Request()
		c := &calls{}
		batch := logs(t, 1)
		before := bytes.Clone(batch)
		if _, err := startExecutor(t, m, c).Execute(t.Context(), batch); err != nil || len(c.asked) != 1 {
			t.Errorf("to %d: %v", to, err)
		}
		if _, err := frame.OpenMessage(c.asked[0].Request); err != nil || !bytes.Equal(before, batch) {
			t.Errorf("to %d: the host's own copy changes: %v", to, err)
		}
	}
}

// TestHostIsOutsideOfExecute: no call of the host before effects are performed.
func TestHostIsOutsideOfExecute(t *testing.T) {
	ask := wasmtest.Code(wasmtest.I32(0), wasmtest.I32(8), wasmtest.Call(httpIndex), []byte{0x1a})
	for _, tt := range []struct{ name, export, params, results string }{
		{"_initialize", "_initialize", "", ""}, {"refold_describe", "", "", ""}, {"refold_configure", "refold_configure", "ii", "I"}, {"refold_alloc", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &calls{}
			m := executorWith(func(m *wasmtest.Module) {
				if tt.export != "" {
					m.Funcs = append(m.Funcs, wasmtest.Func{Export: tt.export, Params: tt.params, Results: tt.results})
				}
				fn := m.Func(tt.name)
				if tt.name == "refold_configure" {
					fn.Body = wasmtest.I64(0)
				}
				fn.Body = wasmtest.Code(ask, fn.Body)
			})
			x, err := newHost(t, nil).LoadExecutor(t.Context(), write(t, m.Bytes()), Limits{})
			if err == nil {
				var e *ExecutorInstance
				if e, err = x.Instantiate(t.Context(), []byte("{}"), c); err == nil {
					_, err = e.Execute(t.Context(), logs(t, 1))
				}
			}
			if guest := guestError(t, err, runtime.BadCall); !strings.Contains(guest.Reason, "outside of refold_execute") {
				t.Errorf("error %v", err)
			}
			if len(c.asked) > 0 {
				t.Errorf("the host was asked %v", c.asked)
			}
		})
	}
}

// TestHostDoesNotReenter: the host calls no function of the guest while it answers.
func TestHostDoesNotReenter(t *testing.T) {
	m := performing(wasmtest.I32(0), wasmtest.I32(8), wasmtest.Call(httpIndex), []byte{0x1a})
	c := &calls{}
	e := startExecutor(t, m, c)
	c.answer = func(ctx context.Context, _ runtime.Call) []byte {
		// Whoever answers cannot reach the instance by what it is given.
		if _, ok := ctx.(*imports.Guest); ok {
			t.Error("the context leads to the guest")
		}
		return []byte("answer")
	}
	if _, err := e.Execute(t.Context(), logs(t, 1)); err != nil {
		t.Error(err)
	}
}

func TestCancelledCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := performing(wasmtest.I32(0), wasmtest.Call(markIndex), wasmtest.I32(0), wasmtest.I32(8), wasmtest.Call(httpIndex), []byte{0x1a})
	c := &calls{answer: func(ctx context.Context, _ runtime.Call) []byte {
		cancel()
		<-ctx.Done()
		return []byte("late")
	}}
	e := startExecutor(t, m, c)
	_, err := e.Execute(ctx, logs(t, 1))
	var guest *runtime.GuestError
	var interrupted *runtime.InterruptedError
	if !errors.Is(err, context.Canceled) || errors.As(err, &guest) || !errors.As(err, &interrupted) || interrupted.Effect != 0 {
		t.Errorf("error %v, want that of the context alone", err)
	}
	if !e.Dead() {
		t.Error("the instance goes on in the middle of an effect")
	}
	e = startExecutor(t, m, &calls{})
	if _, err := e.Execute(ctx, logs(t, 1)); !errors.Is(err, context.Canceled) || e.Dead() {
		t.Errorf("a context that was cancelled before: %v, dead %v", err, e.Dead())
	}
}

// TestConfiguration: it is handed over once for each instance, and may be refused.
func TestConfiguration(t *testing.T) {
	m := executorWith(func(m *wasmtest.Module) {
		// Logs what it is given, and refuses what has more than 20 bytes.
		m.Data = append(m.Data, wasmtest.Data{At: 512, Bytes: []byte("has no channel")})
		body := wasmtest.Code(wasmtest.I32(1), []byte{0x20, 0, 0x20, 1}, wasmtest.Call(logIndex),
			[]byte{0x20, 1}, wasmtest.I32(20), []byte{0x4b, 0x04, 0x7e}, wasmtest.Span(512, 14), []byte{0x05}, wasmtest.I64(0), []byte{0x0b})
		m.Funcs = append(m.Funcs, wasmtest.Func{Export: "refold_configure", Params: "ii", Results: "I", Body: body})
	})
	var log bytes.Buffer
	x := loadExecutor(t, newHost(t, &log), m, Limits{})
	if !x.Configurable() {
		t.Error("it takes no configuration")
	}
	e, err := x.Instantiate(t.Context(), []byte(`{"channel":"a"}`), &calls{secret: "channel"})
	if err != nil {
		t.Fatal(err)
	}
	if text := log.String(); strings.Count(text, "msg=") != 1 || !strings.Contains(text, `{\"[secret]\":\"a\"}`) {
		t.Errorf("the log is %s", text)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	_, err = x.Instantiate(t.Context(), []byte(`{"channel":"a","more":"b"}`), &calls{})
	if guest := guestError(t, err, runtime.BadConfig); !strings.Contains(guest.Reason, "has no channel") {
		t.Errorf("error %v", err)
	}
}

// TestExecutorWaits: a sleep goes through what bounds an effect's time.
func TestExecutorWaits(t *testing.T) {
	poll := func(m *wasmtest.Module) {
		imported("wasi_snapshot_preview1", "poll_oneoff", "iiii", "i")(m)
		subscription := make([]byte, 48)
		subscription[24] = 200 // nanoseconds
		m.Data = append(m.Data, wasmtest.Data{At: 256, Bytes: subscription})
		fn := m.Func("refold_execute")
		fn.Body = wasmtest.Code(wasmtest.I32(256), wasmtest.I32(512), wasmtest.I32(1), wasmtest.I32(600), wasmtest.Call(logIndex+1), []byte{0x1a}, fn.Body)
	}
	c := &calls{}
	e := startExecutor(t, executorWith(poll), c)
	if _, err := e.Execute(t.Context(), logs(t, 1)); err != nil || fmt.Sprint(c.waited) != "[200ns]" {
		t.Errorf("waited %v: %v", c.waited, err)
	}
	c.refuse = true
	_, err := e.Execute(t.Context(), logs(t, 1))
	guestError(t, err, runtime.BadCall)
}

// FuzzExecutor has an executor return whatever spans and bytes, and call the host
// with whatever pointers: a typed error, or an outcome that is valid.
func FuzzExecutor(f *testing.F) {
	valid := frame.AppendOutcome(nil, &frame.Outcome{Performed: 1})
	f.Add(valid, uint32(wasmtest.ResultAt), uint32(len(valid)), uint32(0), uint32(8), uint32(8), uint32(48))
	f.Add(valid, uint32(1<<32-1), uint32(1<<32-1), uint32(1<<32-1), uint32(16<<20), uint32(1<<32-8), uint32(48))
	h, err := NewHost(context.Background(), Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { h.Close(context.Background()) })
	f.Fuzz(func(t *testing.T, outcome []byte, at, n, request, requestLength, room, roomLength uint32) {
		m := executorWith(nil)
		m.Outcome(outcome[:min(len(outcome), 1000)])
		m.Func("refold_execute").Body = wasmtest.Code(wasmtest.I32(0), wasmtest.Call(markIndex),
			wasmtest.I32(int32(request)), wasmtest.I32(int32(requestLength)), wasmtest.Call(httpIndex), []byte{0x1a},
			wasmtest.I32(int32(room)), wasmtest.I32(int32(roomLength)), wasmtest.Call(answerIndex), wasmtest.Span(at, n))
		x, err := h.LoadExecutor(t.Context(), write(t, m.Bytes()), Limits{FuelPerEvent: 10_000_000})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close(t.Context())
		e, err := x.Instantiate(t.Context(), nil, &calls{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close(t.Context())
		said, err := e.Execute(t.Context(), logs(t, 1))
		var guest *runtime.GuestError
		if err != nil {
			if !errors.As(err, &guest) || !e.Dead() {
				t.Fatalf("error %v", err)
			}
			return
		}
		if o, err := frame.OpenOutcome(said, 1); err == nil && o.Performed > 1 {
			t.Fatalf("%+v", o)
		}
	})
}

// TestGuestErrorIsTold: an executor's errors say effect, a projection's event.
func TestGuestErrorIsTold(t *testing.T) {
	e := &runtime.GuestError{Code: runtime.Trap, Plugin: "chat", Executor: true, Event: 2, Reason: "trapped"}
	if got := e.Error(); got != "plugin chat: effect 2 of the batch: trapped (trap)" {
		t.Errorf("it says %s", got)
	}
}
