package wasm

import (
	"bytes"
	"testing"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

// phases are the calls outside of folding, each with a way to misuse it. Those
// before a module is loaded refuse it.
var phases = []struct {
	name  string
	loads bool
	put   func(m *wasmtest.Module, code []byte)
}{
	{"start function", false, func(m *wasmtest.Module, code []byte) {
		start := uint32(len(m.Imports) + len(m.Funcs))
		m.Funcs, m.Start = append(m.Funcs, wasmtest.Func{Body: code}), &start
	}},
	{"_initialize", false, func(m *wasmtest.Module, code []byte) {
		m.Funcs = append(m.Funcs, wasmtest.Func{Export: "_initialize", Body: code})
	}},
	{"refold_describe", false, func(m *wasmtest.Module, code []byte) { m.Func("refold_describe").Body = code }},
	{"refold_alloc", true, func(m *wasmtest.Module, code []byte) { m.Func("refold_alloc").Body = code }},
	{"refold_query", true, func(m *wasmtest.Module, code []byte) { m.Func("refold_query").Body = code }},
}

// TestPhases: what a guest does outside of folding ends as well, with the error
// that it ends with inside, but names no event. The host goes on with others.
func TestPhases(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	var log bytes.Buffer
	h := newHost(t, &log)
	good := load(t, h, write(t, guestWith(nil).Bytes()), Limits{})
	for _, phase := range phases {
		for _, tt := range misdeeds() {
			if tt.want == runtime.OutputTooLarge || bytes.Contains(tt.code, get(0)) || bytes.HasSuffix(tt.code, []byte{0x0f}) {
				continue // is about the fold's parameters or result
			}
			t.Run(phase.name+" "+tt.name, func(t *testing.T) {
				m := hostile()
				phase.put(m, wasmtest.Code(tt.code, []byte{wasmtest.Unreachable}))
				log.Reset()
				guest := guestError(t, misuse(t, h, write(t, m.Bytes()), phase.loads), tt.want)
				if _, ok := guest.EventIndex(); ok {
					t.Errorf("the error names event %d", guest.Event)
				}
				if log.Len() > 16<<10 {
					t.Errorf("it logs %d bytes", log.Len())
				}
				fold(t, instantiate(t, good), "add")
			})
		}
	}
}

// misuse loads a module, which is to fail unless it loads, and then folds and
// queries.
func misuse(t *testing.T, h *Host, path string, loads bool) error {
	t.Helper()
	m, err := h.Load(t.Context(), path, hostileLimits)
	if (err == nil) != loads {
		t.Fatalf("loading: %v", err)
	}
	if err != nil {
		return err
	}
	i := instantiate(t, m)
	_, foldErr := i.Fold(t.Context(), batch(t, "add"))
	if foldErr != nil {
		return foldErr
	}
	_, queryErr := i.Query(t.Context(), nil)
	_, dead := i.Fold(t.Context(), batch(t, "add"))
	guestError(t, dead, runtime.Dead)
	return queryErr
}

// TestAnswersAreNotBelieved: what a query returns is checked as a result is.
func TestAnswersAreNotBelieved(t *testing.T) {
	for name, tt := range map[string]struct {
		answer []byte
		code   runtime.Code
	}{
		"outside the memory": {wasmtest.Span(wasmtest.Page-1, 2), runtime.BadPointer},
		"wraps around":       {wasmtest.Span(1<<32-1, 2), runtime.BadPointer},
		"too much":           {wasmtest.Span(0, 1<<15+1), runtime.OutputTooLarge},
		"negative":           {wasmtest.I64(-1), runtime.OutputTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			m := hostile()
			m.Func("refold_query").Body = tt.answer
			i := instantiate(t, load(t, newHost(t, nil), write(t, m.Bytes()), hostileLimits))
			fold(t, i, "add")
			_, err := i.Query(t.Context(), []byte("x"))
			guestError(t, err, tt.code)
		})
	}
}
