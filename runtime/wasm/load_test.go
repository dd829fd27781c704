package wasm

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/snapshot"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

func TestLoadNoModule(t *testing.T) {
	h := newHost(t, nil)
	for _, tt := range []struct {
		name string
		code []byte
		want runtime.Code
	}{
		{"empty", nil, runtime.NotWasm},
		{"text", []byte("#!/bin/sh\n"), runtime.NotWasm},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), runtime.NotWasm},
		{"other version", []byte("\x00asm\x02\x00\x00\x00"), runtime.NotWasm},
		{"header cut", []byte("\x00asm\x01"), runtime.Truncated},
		{"nothing behind the header", []byte("\x00asm\x01\x00\x00\x00"), runtime.MissingExport},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := h.Load(t.Context(), write(t, tt.code), Limits{})
			guest := guestError(t, err, tt.want)
			if guest.Plugin != "hand.wasm" {
				t.Errorf("plugin is %q, want the file's name", guest.Plugin)
			}
		})
	}
	var guest *runtime.GuestError
	if _, err := h.Load(t.Context(), filepath.Join(t.TempDir(), "none"), Limits{}); !errors.Is(err, fs.ErrNotExist) || errors.As(err, &guest) {
		t.Errorf("a file that is not there gives %v", err)
	}
	if _, err := h.Load(t.Context(), goGuest(), Limits{MemoryPages: -1}); err == nil || errors.As(err, &guest) {
		t.Errorf("limits below zero give %v", err)
	}
}

// TestLoadCut cuts a module at every byte.
func TestLoadCut(t *testing.T) {
	h := newHost(t, nil)
	whole := guestWith(func(m *wasmtest.Module) {
		imported("refold", "log", "iii", "")(m)
		m.Tables = []wasmtest.Size{{Min: 1, Max: 2}}
		m.Globals = []wasmtest.Global{{Type: 'I', Mutable: true}}
	}).Bytes()
	if _, err := h.Load(t.Context(), write(t, whole), Limits{}); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		_, err := h.Load(t.Context(), write(t, whole[:n]), Limits{})
		var guest *runtime.GuestError
		if !errors.As(err, &guest) {
			t.Fatalf("cut at byte %d: %v", n, err)
		}
	}
}

func TestLoadCutGoModule(t *testing.T) {
	h := newHost(t, nil)
	whole, err := os.ReadFile(goGuest())
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Load(t.Context(), write(t, whole[:len(whole)/2]), Limits{})
	guest := guestError(t, err, runtime.Truncated)
	if !strings.Contains(guest.Reason, "at byte ") {
		t.Errorf("reason %q names no offset", guest.Reason)
	}
}

// TestConcurrentUse loads and runs one module from many goroutines.
func TestConcurrentUse(t *testing.T) {
	h := newHost(t, nil)
	b := batch(t, "add", "random", "emit")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			m, err := h.Load(t.Context(), goGuest(), Limits{})
			if err != nil {
				t.Error(err)
				return
			}
			for range 2 {
				wg.Go(func() { runOnce(t, m, b) })
			}
		})
	}
	wg.Wait()
}

func runOnce(t *testing.T, m *Module, b []byte) {
	i, err := m.Instantiate(t.Context())
	if err != nil {
		t.Error(err)
		return
	}
	_, foldErr := i.Fold(t.Context(), b)
	taken, err := i.Snapshot(t.Context())
	if err := errors.Join(foldErr, err, i.Restore(t.Context(), taken), i.Close(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestModuleOutlivesItsTwin(t *testing.T) {
	h := newHost(t, nil)
	a, b := load(t, h, goGuest(), Limits{}), load(t, h, goGuest(), Limits{})
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	fold(t, instantiate(t, b), "add")
}

func TestCacheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "cache")
	path := write(t, guestWith(nil).Bytes())
	use := func(log *bytes.Buffer) {
		t.Helper()
		h := newHost(t, log)
		cached, err := NewHost(t.Context(), Options{CacheDir: dir, Logger: h.logger})
		if err != nil {
			t.Fatal(err)
		}
		fold(t, instantiate(t, load(t, cached, path, Limits{})), "add")
		if err := cached.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	use(nil)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("the cache folder: %v, %v", info, err)
	}
	entries := cacheEntries(t, dir)
	if len(entries) != 1 {
		t.Fatalf("the cache has entries %v, want one", entries)
	}
	metered, err := filepath.Glob(filepath.Join(dir, "metered-*"))
	if err != nil || len(metered) != 1 {
		t.Fatalf("the cache has metered modules %v, %v, want one", metered, err)
	}
	sound, err := os.ReadFile(metered[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{entries[0], metered[0]} {
		if err := os.WriteFile(path, []byte("damage"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	use(&log)
	if !strings.Contains(log.String(), "module cache damaged") {
		t.Errorf("the damage was not reported: %s", log.String())
	}
	if mended, err := os.ReadFile(metered[0]); err != nil || !bytes.Equal(mended, sound) {
		t.Errorf("the metered module was not mended: %v", err)
	}
	if again := cacheEntries(t, dir); len(again) != 1 {
		t.Errorf("the cache has entries %v, want one", again)
	}
}

func cacheEntries(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := filepath.Glob(filepath.Join(dir, "wazero-*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestLimits(t *testing.T) {
	got, err := Limits{LogBytes: -1}.resolve()
	if want := (Limits{MemoryPages: 4096, TableElements: 1 << 20, FuelPerEvent: 1e10, StackSlots: 1 << 23, OutputBytes: 64 << 20}); err != nil || got != want {
		t.Errorf("defaults are %+v, %v", got, err)
	}
	for _, l := range []Limits{{MemoryPages: 1 << 16}, {TableElements: -1}, {OutputBytes: 64<<20 + 1},
		{FuelPerEvent: -1}, {FuelPerEvent: 1<<40 + 1}, {StackSlots: 1<<23 + 1}} {
		if _, err := l.resolve(); err == nil {
			t.Errorf("%+v is accepted", l)
		}
	}
}

// FuzzLoad looks for bytes that the gate or the compiler falls over. Modules
// that pass are compiled, not run: a loop in one would never end.
func FuzzLoad(f *testing.F) {
	for _, path := range []string{goGuest(), filepath.Join(built.dir, "table.wasm")} {
		if code, err := os.ReadFile(path); err == nil {
			f.Add(code[:min(len(code), 4<<10)]) // all of C, the first sections of Go; more is too slow
		}
	}
	f.Add(guestWith(nil).Bytes())
	f.Add(guestWith(changingManifest).Bytes())
	h, err := NewHost(context.Background(), Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			f.Error(err)
		}
	})
	limits, err := Limits{}.resolve()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		file, options, err := inspect(code, imports.Projection, limits)
		var metered []byte
		if err == nil {
			metered, err = h.meter(snapshot.Digest{}, file, options)
		}
		if err != nil {
			guest := &runtime.GuestError{}
			if !errors.As(err, &guest) {
				t.Fatalf("error %v is no GuestError", err)
			}
			return
		}
		if compiled, err := h.compile(t.Context(), metered); err == nil {
			if err := compiled.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}
