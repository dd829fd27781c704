package wasm

import (
	"bytes"
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
	"github.com/refold-dev/refold/sdk/frame"
)

// Functions of a hostile guest.
const (
	fnMark = iota
	fnLog
	fnExit
	fnRandom
	fnFold     = 7
	fnRecurses = 8
)

// hostile returns a resident plugin that counts its batches and answers how many
// there were; a batch of two events makes it do something after it has marked the
// second.
func hostile(misdeed ...[]byte) *wasmtest.Module {
	m := wasmtest.Guest()
	m.Describe(`{"abi":1,"name":"hostile","state":"resident"}`)
	const wasi = "wasi_snapshot_preview1"
	m.Imports = []wasmtest.Import{{Module: "refold", Name: "begin_event", Params: "i"}, {Module: "refold", Name: "log", Params: "iii"},
		{Module: wasi, Name: "proc_exit", Params: "i"}, {Module: wasi, Name: "random_get", Params: "ii", Results: "i"}}
	m.Tables, m.Elements = []wasmtest.Size{{Min: 10}}, []uint32{fnRecurses, fnExit}
	m.Globals = []wasmtest.Global{{Type: 'i', Mutable: true}}
	m.Funcs = append(m.Funcs,
		wasmtest.Func{Params: "i", Body: wasmtest.Code(wasmtest.I32(0), wasmtest.I32(0), indirect(8))},
		wasmtest.Func{Export: "refold_query", Params: "ii", Results: "I", Body: wasmtest.Code(
			wasmtest.I32(answerAt), []byte{0x23, 0}, wasmtest.I32('0'), []byte{0x6a, 0x3a, 0, 0}, wasmtest.Span(answerAt, 1))})
	fold := m.Func("refold_fold")
	fold.Locals = []byte{2, 1, 0x7f, 1, 0x7d} // local 2 is i32, local 3 f32
	fold.Body = wasmtest.Code(
		[]byte{0x23, 0}, wasmtest.I32(1), []byte{0x6a, 0x24, 0}, // the global counts
		wasmtest.I32(0), wasmtest.Call(fnMark),
		get(0), []byte{0x28, 2, 12}, wasmtest.I32(2), []byte{0x46, 0x04, 0x40}, // if there are two events
		wasmtest.I32(1), wasmtest.Call(fnMark), wasmtest.Code(misdeed...), []byte{0x0b}, fold.Body)
	return m
}

// indirect calls through the table what has the type of a function.
func indirect(typeOf byte) []byte { return []byte{0x11, typeOf, 0} }

// forever does something again and again.
func forever(parts ...[]byte) []byte {
	return wasmtest.Code([]byte{0x03, 0x40}, wasmtest.Code(parts...), []byte{0x0c, 0, 0x0b})
}

// back returns a span from the fold.
func back(at, length uint32) []byte { return wasmtest.Code(wasmtest.Span(at, length), []byte{0x0f}) }

// misdeed is what a hostile guest does while it folds its second event.
type misdeed struct {
	name   string
	code   []byte
	want   runtime.Code
	event  int
	reason string
}

var drop, end = []byte{0x1a}, int32(wasmtest.Page)

// misdeeds, one line each.
func misdeeds() []misdeed {
	i32, none := wasmtest.I32, runtime.NoEvent
	log := func(level, at, length int32) []byte {
		return wasmtest.Code(i32(level), i32(at), i32(length), wasmtest.Call(fnLog))
	}
	random := func(at, length int32) []byte {
		return wasmtest.Code(i32(at), i32(length), wasmtest.Call(fnRandom), drop)
	}
	grow := []byte{0x40, 0, 0x1a}
	return []misdeed{
		{"loops for ever", forever(), runtime.OutOfFuel, 1, "fuel"},
		{"loops for ever, in a loop", forever(forever()), runtime.OutOfFuel, 1, "fuel"},
		{"folds inside a fold", wasmtest.Code(get(0), get(1), wasmtest.Call(fnFold), drop), runtime.BadMark, none, "out of order"},
		{"recurses through the table", wasmtest.Code(i32(0), i32(0), indirect(8)), runtime.StackOverflow, 1, "deeper"},
		{"grows its memory for ever", forever(i32(1), grow), runtime.OutOfFuel, 1, "fuel"},
		{"grows its memory by all there is", forever(i32(-1), grow), runtime.OutOfFuel, 1, "fuel"},
		{"grows its table for ever", forever([]byte{0xd0, 0x70}, i32(1), []byte{0xfc, 15, 0, 0x1a}), runtime.OutOfFuel, 1, "fuel"},
		{"fills its memory for ever", forever(i32(0), i32(0), i32(end), []byte{0xfc, 11, 0}), runtime.OutOfFuel, 1, "fuel"},
		{"logs for ever", forever(log(3, 0, 1000)), runtime.OutOfFuel, 1, "fuel"},
		{"logs nothing for ever", forever(log(3, 0, 0)), runtime.OutOfFuel, 1, "fuel"},
		{"draws for ever", forever(random(0, 8)), runtime.OutOfFuel, 1, "fuel"},
		{"draws what it cannot hold for ever", forever(random(0, -1)), runtime.OutOfFuel, 1, "fuel"},
		{"logs from behind its memory", log(1, end-1, 2), runtime.BadPointer, 1, "outside"},
		{"logs a negative length", log(1, 0, -1), runtime.BadPointer, 1, "outside"},
		{"logs from nowhere", log(1, -1, 1), runtime.BadPointer, 1, "outside"},
		{"exits as if all were well", wasmtest.Code(i32(0), wasmtest.Call(fnExit)), runtime.Exit, 1, "exited with code 0"},
		{"exits", wasmtest.Code(i32(-1), wasmtest.Call(fnExit)), runtime.Exit, 1, "exited with code 4294967295"},
		{"exits through the table", wasmtest.Code(i32(3), i32(1), indirect(2)), runtime.Exit, 1, "exited with code 3"},
		{"traps", []byte{wasmtest.Unreachable}, runtime.Trap, 1, "unreachable"},
		{"divides by zero", wasmtest.Code(i32(1), i32(0), []byte{0x6d}, drop), runtime.Trap, 1, "divide by zero"},
		{"overflows", wasmtest.Code(i32(-1<<31), i32(-1), []byte{0x6d}, drop), runtime.Trap, 1, "overflow"},
		{"makes an integer of NaN", []byte{0x43, 0, 0, 0xc0, 0x7f, 0xa8, 0x1a}, runtime.Trap, 1, "invalid conversion"},
		{"reads behind its memory", wasmtest.Code(i32(-4), []byte{0x28, 2, 0}, drop), runtime.Trap, 1, "out of bounds memory"},
		{"writes behind its memory", wasmtest.Code(i32(end-1), i32(1), []byte{0x36, 2, 0}), runtime.Trap, 1, "out of bounds memory"},
		{"copies behind its memory", wasmtest.Code(i32(0), i32(8), i32(-1), []byte{0xfc, 10, 0, 0}), runtime.OutOfFuel, 1, "fuel"},
		{"calls null", wasmtest.Code(i32(0), i32(5), indirect(8)), runtime.Trap, 1, "invalid table access"},
		{"calls behind its table", wasmtest.Code(i32(0), i32(10), indirect(8)), runtime.Trap, 1, "invalid table access"},
		{"calls by another type", wasmtest.Code(i32(0), i32(0), i32(0), i32(0), indirect(1)), runtime.Trap, 1, "type mismatch"},
		{"marks an event twice", wasmtest.Code(i32(1), wasmtest.Call(fnMark)), runtime.BadMark, none, "out of order"},
		{"marks backwards", wasmtest.Code(i32(0), wasmtest.Call(fnMark)), runtime.BadMark, none, "out of order"},
		{"marks an event that it was not given", wasmtest.Code(i32(3), wasmtest.Call(fnMark)), runtime.BadMark, none, "out of order"},
		{"marks a negative event", wasmtest.Code(i32(-1), wasmtest.Call(fnMark)), runtime.BadMark, none, "out of order"},
		{"returns what begins behind its memory", back(wasmtest.Page, 48), runtime.BadPointer, none, "outside"},
		{"returns what ends behind its memory", back(wasmtest.Page-47, 48), runtime.BadPointer, none, "outside"},
		{"returns what wraps around", back(1<<32-48, 96), runtime.BadPointer, none, "outside"},
		{"returns far too much", back(0, 1<<32-1), runtime.OutputTooLarge, none, "4294967295"},
		{"returns minus one", wasmtest.Code(wasmtest.I64(-1), []byte{0x0f}), runtime.OutputTooLarge, none, "4294967295"},
		{"returns too much", back(0, 1<<15+1), runtime.OutputTooLarge, none, "32769"},
	}
}

var hostileLimits = Limits{MemoryPages: 20, TableElements: 1000, FuelPerEvent: 300_000, StackSlots: 4000, OutputBytes: 1 << 15, LogBytes: 4 << 10}

// TestMisdeeds: whatever a guest does while it folds, the error is typed and
// names it, and its event as far as that is known; the host is well; and the next
// good batch is folded by a fresh instance, with the state of a snapshot before.
func TestMisdeeds(t *testing.T) {
	var log bytes.Buffer
	h := newHost(t, &log)
	for _, tt := range misdeeds() {
		t.Run(tt.name, func(t *testing.T) {
			m := load(t, h, write(t, hostile(tt.code).Bytes()), hostileLimits)
			i := instantiate(t, m)
			fold(t, i, "add")
			taken, err := i.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			log.Reset()
			_, err = i.Fold(t.Context(), batch(t, "add", "add"))
			guest := guestError(t, err, tt.want)
			if guest.Plugin != "hostile" || guest.Event != tt.event || !strings.Contains(guest.Reason, tt.reason) {
				t.Errorf("event %d of plugin %s: %s", guest.Event, guest.Plugin, guest.Reason)
			}
			if log.Len() > 16<<10 || len(i.memory()) > hostileLimits.MemoryPages*wasmtest.Page {
				t.Errorf("it logs %d bytes and has %d of memory", log.Len(), len(i.memory()))
			}
			_, err = i.Fold(t.Context(), batch(t, "add"))
			guestError(t, err, runtime.Dead)
			next := instantiate(t, m)
			if err := next.Restore(t.Context(), taken); err != nil {
				t.Fatal(err)
			}
			fold(t, next, "add")
			if got := query(t, next, ""); got != "2" {
				t.Errorf("%s batches are folded, want 2", got)
			}
		})
	}
}

// TestHarmless: what is strange, but does no harm, is let pass.
func TestHarmless(t *testing.T) {
	for name, code := range map[string][]byte{
		"draws to behind its memory": wasmtest.Code(wasmtest.I32(end-1), wasmtest.I32(2), wasmtest.Call(fnRandom), drop),
		"logs at no level":           wasmtest.Code(wasmtest.I32(99), wasmtest.I32(0), wasmtest.I32(4), wasmtest.Call(fnLog)),
		"copies over itself":         wasmtest.Code(wasmtest.I32(8000), wasmtest.I32(8004), wasmtest.I32(9), []byte{0xfc, 10, 0, 0}),
		"overwrites its input":       wasmtest.Code(wasmtest.I32(wasmtest.InputAt), wasmtest.I32(255), wasmtest.I32(64), []byte{0xfc, 11, 0}),
		"overwrites its manifest":    wasmtest.Code(wasmtest.I32(wasmtest.ManifestAt), wasmtest.I32(255), wasmtest.I32(64), []byte{0xfc, 11, 0}),
	} {
		t.Run(name, func(t *testing.T) {
			i := hand(t, hostile(code))
			b := batch(t, "add", "add")
			before := bytes.Clone(b)
			if _, err := i.Fold(t.Context(), b); err != nil {
				t.Error(err)
			}
			if !bytes.Equal(b, before) {
				t.Error("the caller's batch has changed")
			}
			if m := i.Manifest(); m.Name != "hostile" {
				t.Errorf("the manifest is %+v", m)
			}
		})
	}
}

// TestResultsAreNotBelieved: results that break the frame's rules, or lie about
// groups and causes, are bytes to the host, and an error where they are opened.
// What else a frame can lie about is in the tests of sdk/frame.
func TestResultsAreNotBelieved(t *testing.T) {
	sound := func(change func(*frame.ResultWriter)) []byte {
		var w frame.ResultWriter
		w.Reset()
		change(&w)
		return w.Finish()
	}
	rejected := func(event int) []byte {
		var w frame.ResultWriter
		w.Reset()
		return w.Reject(event, "no")
	}
	for name, result := range map[string][]byte{
		"nothing":                       {},
		"a header cut short":            sound(func(*frame.ResultWriter) {})[:47],
		"noise":                         bytes.Repeat([]byte{0xff}, 64),
		"a state for a group not given": sound(func(w *frame.ResultWriter) { w.SetState(1, []byte("x")) }),
		"a state for the unkeyed group": sound(func(w *frame.ResultWriter) { w.SetState(0, []byte("x")) }),
		"an effect of an event not given": sound(func(w *frame.ResultWriter) {
			w.AddEffect(&frame.Effect{Kind: frame.Delete, Cause: 2, Name: []byte("t"), Key: []byte("k")})
		}),
		"a verdict on an event not given": rejected(2),
	} {
		t.Run(name, func(t *testing.T) {
			i := hand(t, guestWith(func(m *wasmtest.Module) { m.Result(result) }))
			b := batch(t, "add", "add")
			out, err := i.Fold(t.Context(), b)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := frame.OpenBatch(b)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := frame.OpenResult(out, opened); err == nil {
				t.Error("the result is believed")
			}
			fold(t, i, "add")
		})
	}
}

// TestReferencesLeakNothing: code that refers to functions for ever makes the
// host keep nothing, and its instance can be snapshotted while it goes on.
func TestReferencesLeakNothing(t *testing.T) {
	guest := hostile()
	fold := guest.Func("refold_fold")
	fold.Body = wasmtest.Code(wasmtest.I32(500_000), set(2), []byte{0x03, 0x40}, []byte{0xd2, fnFold, 0x1a},
		get(2), wasmtest.I32(1), []byte{0x6b, 0x22, 2, 0x0d, 0, 0x0b}, fold.Body)
	i := hand(t, guest)
	before := heap()
	for range 4 {
		if _, err := i.Fold(t.Context(), batch(t, "add")); err != nil {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	if _, err := i.Snapshot(t.Context()); err != nil {
		t.Error(err)
	}
}

// heap is what is reachable, in bytes.
func heap() int64 {
	goruntime.GC()
	goruntime.GC()
	var s goruntime.MemStats
	goruntime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// TestManyTypes: a table that would take too long to read has its snapshot
// refused, and the instance goes on.
func TestManyTypes(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	guest := hostile()
	first := uint32(len(guest.Imports) + len(guest.Funcs))
	var elements []uint32
	for n := range 1500 {
		params := strings.ReplaceAll(strings.ReplaceAll(fmt.Sprintf("%011b", n), "0", "i"), "1", "I")
		guest.Funcs = append(guest.Funcs, wasmtest.Func{Params: params})
		elements = append(elements, first+uint32(n))
	}
	guest.Tables, guest.Elements = []wasmtest.Size{{Min: 3000}}, append(elements, elements...)
	fold := guest.Func("refold_fold")
	fold.Body = wasmtest.Code(wasmtest.I32(0), []byte{0xd0, 0x70, 0x26, 0}, fold.Body) // table.set 0 null
	_, err := newHost(t, nil).Load(t.Context(), write(t, guest.Bytes()), Limits{})
	guestError(t, err, runtime.Unsupported)
}
