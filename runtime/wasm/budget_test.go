package wasm

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
	"github.com/refold-dev/refold/sdk/frame"
)

// TestMeteredIsPlain: metered, a module from a real compiler gives the bytes
// that it gives unmetered.
func TestMeteredIsPlain(t *testing.T) {
	kinds := []string{"add", "random", "grow", "goroutine", "emit", "sleep", "forget", "random", "world", "emit"}
	for name, path := range map[string]string{"go": goGuest(), "c": cGuest(t), "c that scans": cGuestNamed(t, "scan")} {
		t.Run(name, func(t *testing.T) {
			if name == "go" && testing.Short() {
				t.Skip("compiles the Go guest twice more, which the race detector makes very slow")
			}
			plain, metered := bare(t, path, false, false), bare(t, path, true, false)
			for range 20 {
				b := batch(t, kinds...)
				want, err := plain(b)
				if err != nil {
					t.Fatal(err)
				}
				want = bytes.Clone(want)
				got, err := metered(b)
				if err != nil || !bytes.Equal(want, got) {
					t.Fatalf("metered: %v, %d bytes, want %d", err, len(got), len(want))
				}
			}
		})
	}
}

var endless = []byte{0x03, 0x40, 0x0c, 0x00, 0x0b, 0x00} // loop br 0 end unreachable

// TestEndless: what never returns is ended, wherever it is called from.
func TestEndless(t *testing.T) {
	h := newHost(t, nil)
	limits := Limits{FuelPerEvent: 1_000_000}
	for name, change := range map[string]func(*wasmtest.Module){
		"describing": body("refold_describe", endless),
		"initialising": func(m *wasmtest.Module) {
			m.Funcs = append(m.Funcs, wasmtest.Func{Export: "_initialize", Body: endless})
		},
		"starting": func(m *wasmtest.Module) {
			start := uint32(len(m.Funcs))
			m.Funcs, m.Start = append(m.Funcs, wasmtest.Func{Body: endless}), &start
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Load(t.Context(), write(t, guestWith(change).Bytes()), limits)
			guestError(t, err, runtime.OutOfFuel)
		})
	}
	for name, export := range map[string]string{"making room": "refold_alloc", "folding": "refold_fold", "querying": "refold_query"} {
		t.Run(name, func(t *testing.T) {
			i := instantiate(t, load(t, h, write(t, guestWith(func(m *wasmtest.Module) {
				m.Funcs = append(m.Funcs, wasmtest.Func{Export: "refold_query", Params: "ii", Results: "I"})
				body(export, endless)(m)
				if export != "refold_query" {
					body("refold_query", wasmtest.I64(0))(m)
				}
			}).Bytes()), limits))
			call := func() error {
				_, err := i.Fold(t.Context(), batch(t, "add"))
				return err
			}
			if export == "refold_query" {
				call = func() error {
					_, err := i.Query(t.Context(), nil)
					return err
				}
			}
			guest := guestError(t, call(), runtime.OutOfFuel)
			if !strings.Contains(guest.Reason, "1000000 units") || guest.Hint == "" {
				t.Errorf("error is %v", guest)
			}
			guestError(t, call(), runtime.Dead)
		})
	}
}

// TestBudgetNamesItsEvent: with marks, the event that used a budget up is known
// at once.
func TestBudgetNamesItsEvent(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	m := load(t, newHost(t, nil), goGuest(), Limits{FuelPerEvent: 20_000_000})
	for kind, code := range map[string]runtime.Code{"spin": runtime.OutOfFuel, "recurse": ""} {
		i := instantiate(t, m)
		fold(t, i, "emit", "emit")
		_, err := i.Fold(t.Context(), batch(t, "emit", "log", "emit", kind, "emit"))
		if code == "" {
			code = runtime.StackOverflow
			if strings.Contains(err.Error(), string(runtime.OutOfFuel)) {
				code = runtime.OutOfFuel // its own stack of a goroutine costs too
			}
		}
		guest := guestError(t, err, code)
		if index, ok := guest.EventIndex(); index != 3 || !ok {
			t.Errorf("%s: event is %d, %v; want 3", kind, index, ok)
		}
		fold(t, instantiate(t, m), "emit", "add")
	}
}

// TestVerdictIsTheEvents: whether an event has fuel enough does not depend on the
// events around it.
func TestVerdictIsTheEvents(t *testing.T) {
	path := cGuestNamed(t, "scan")
	m := load(t, newHost(t, nil), path, Limits{FuelPerEvent: 100_000})
	small, large := bytes.Repeat([]byte(" "), 1000), bytes.Repeat([]byte(" "), 100_000)
	rapid.Check(t, func(rt *rapid.T) {
		list := rapid.SliceOfN(rapid.Bool(), 1, 60).Draw(rt, "large")
		var w frame.BatchWriter
		w.Reset([]string{"add"}, 0)
		w.BeginUnkeyed()
		for n, isLarge := range list {
			data := small
			if isLarge {
				data = large
			}
			w.AddEvent(&frame.Event{Position: uint64(n + 1), Version: 1, Type: "add", AggregateType: "thing", Data: data})
		}
		b, err := w.Finish()
		if err != nil {
			rt.Fatal(err)
		}
		i := raw(rt, t.Context(), m)
		defer i.Close(t.Context())
		_, err = i.Fold(t.Context(), b)
		first := slices.Index(list, true)
		if first < 0 {
			if err != nil {
				rt.Fatalf("%d small events: %v", len(list), err)
			}
			return
		}
		if guest := guestError(t, err, runtime.OutOfFuel); guest.Event != first {
			rt.Fatalf("event is %d, want %d", guest.Event, first)
		}
	})
}

// TestImportsCost: what an import does on the host costs by its length.
func TestImportsCost(t *testing.T) {
	const wasi = "wasi_snapshot_preview1"
	for name, tt := range map[string]struct {
		module, params, results string
		arguments               func(n int32) []byte
		n                       int32
		cost                    int64
	}{
		"random_get": {wasi, "ii", "i", func(n int32) []byte { return wasmtest.Code(wasmtest.I32(8192), wasmtest.I32(n)) }, 4000, 4000},
		"fd_write": {wasi, "iiii", "i", func(n int32) []byte {
			return wasmtest.Code(wasmtest.I32(1), wasmtest.I32(8192), wasmtest.I32(n), wasmtest.I32(0))
		}, 1000, 8000},
		"poll_oneoff": {wasi, "iiii", "i", func(n int32) []byte {
			return wasmtest.Code(wasmtest.I32(8192), wasmtest.I32(20000), wasmtest.I32(n+1), wasmtest.I32(0))
		}, 100, 1600},
		"log": {"refold", "iii", "", func(n int32) []byte {
			return wasmtest.Code(wasmtest.I32(0), wasmtest.I32(8192), wasmtest.I32(n))
		}, 1000, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			spent := func(n int32) int64 {
				i := hand(t, guestWith(func(m *wasmtest.Module) {
					imported(tt.module, name, tt.params, tt.results)(m)
					code := wasmtest.Code(tt.arguments(n), wasmtest.Call(0))
					if tt.results != "" {
						code = append(code, 0x1a)
					}
					fold := m.Func("refold_fold")
					fold.Body = append(code, fold.Body...)
				}))
				fold(t, i, "add")
				return left(i.budget.fuel)
			}
			if got := spent(0) - spent(tt.n); got != tt.cost {
				t.Errorf("%d costs %d more than none, want %d", tt.n, got, tt.cost)
			}
			tight := hand(t, guestWith(func(m *wasmtest.Module) {
				imported(tt.module, name, tt.params, tt.results)(m)
				code := wasmtest.Code([]byte{0x03, 0x40}, tt.arguments(tt.n), wasmtest.Call(0))
				if tt.results != "" {
					code = append(code, 0x1a)
				}
				m.Func("refold_fold").Body = append(code, 0x0c, 0, 0x0b, 0)
			}))
			tight.module.limits.FuelPerEvent = 100_000
			_, err := tight.Fold(t.Context(), batch(t, "add"))
			guestError(t, err, runtime.OutOfFuel)
		})
	}
}

// TestUnmarkedIsBounded: a guest that marks no events has the budget of 64, however
// many a batch has, and is told what to do; one that marks them has one for each.
func TestUnmarkedIsBounded(t *testing.T) {
	h := newHost(t, nil)
	var w frame.BatchWriter
	w.Reset([]string{"add"}, 0)
	w.BeginUnkeyed()
	for n := range 1000 {
		w.AddEvent(&frame.Event{Position: uint64(n + 1), Version: 1, Type: "add", AggregateType: "thing", Data: bytes.Repeat([]byte(" "), 1000)})
	}
	text, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	for _, fuel := range []int64{100_000, 5_000_000} {
		limits := Limits{FuelPerEvent: fuel}
		if _, err := instantiate(t, load(t, h, cGuestNamed(t, "scan"), limits)).Fold(t.Context(), text); err != nil {
			t.Errorf("marked, with %d: %v", fuel, err)
		}
		unmarked := instantiate(t, load(t, h, cGuestNamed(t, "scan_unmarked"), limits))
		_, err := unmarked.Fold(t.Context(), text)
		if fuel > 1_000_000 {
			if err != nil {
				t.Errorf("unmarked, with %d: %v", fuel, err)
			}
			continue
		}
		guest := guestError(t, err, runtime.OutOfFuel)
		if guest.Event != runtime.NoEvent || !strings.Contains(guest.Reason, "6400000 units, without marking one of 1000 events") || !strings.Contains(guest.Hint, "begin_event") {
			t.Errorf("unmarked, with %d: %v", fuel, err)
		}
	}
}
