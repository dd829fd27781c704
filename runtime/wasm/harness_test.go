package wasm

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
)

var watch sync.Once

// newHost returns a host that shares its cache with the other tests' and logs
// to the buffer, if there is one.
func newHost(t testing.TB, log *bytes.Buffer) *Host {
	t.Helper()
	watch.Do(func() { conformance.Watch(t, "testdata/tally") })
	o := Options{CacheDir: conformance.Modules(t)}
	if log != nil {
		o.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	h, err := NewHost(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return h
}

func load(t testing.TB, h *Host, path string, limits Limits) *Module {
	t.Helper()
	m, err := h.Load(t.Context(), path, limits)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func instantiate(t testing.TB, m *Module) *Instance {
	t.Helper()
	i, err := m.Instantiate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return i
}

// start returns an instance of the module at path.
func start(t testing.TB, path string) *Instance {
	t.Helper()
	return instantiate(t, load(t, newHost(t, nil), path, Limits{}))
}

// write writes a module that was built by hand to a file.
func write(t testing.TB, code []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hand.wasm")
	if err := os.WriteFile(path, code, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// hand returns an instance of a module that was built by hand.
func hand(t testing.TB, m *wasmtest.Module) *Instance {
	t.Helper()
	return start(t, write(t, m.Bytes()))
}

func fold(t testing.TB, i *Instance, types ...string) []byte {
	t.Helper()
	result, err := i.Fold(t.Context(), batch(t, types...))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func query(t testing.TB, i *Instance, text string) string {
	t.Helper()
	answer, err := i.Query(t.Context(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// batch returns a frame with an event of each type, on eight aggregates in turn.
func batch(t rapid.TB, types ...string) []byte {
	t.Helper()
	var w frame.BatchWriter
	w.Reset([]string{"add"}, 0)
	w.BeginUnkeyed()
	for n, what := range types {
		w.AddEvent(&frame.Event{Position: uint64(n + 1), Version: uint64(n/8 + 1), Type: what, AggregateType: "thing",
			AggregateID: [16]byte{15: byte(n%8 + 1)}, Data: fmt.Appendf(nil, `{"n":%d}`, n)})
	}
	b, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// guestError returns err as a *runtime.GuestError with the code that is wanted.
func guestError(t testing.TB, err error, want runtime.Code) *runtime.GuestError {
	t.Helper()
	var guest *runtime.GuestError
	if !errors.As(err, &guest) {
		t.Fatalf("got error %v, want a GuestError with code %s", err, want)
	}
	if guest.Code != want {
		t.Fatalf("got code %s (%v), want %s", guest.Code, err, want)
	}
	if guest.Plugin == "" || guest.Reason == "" {
		t.Errorf("plugin or reason is missing in %#v", guest)
	}
	return guest
}
