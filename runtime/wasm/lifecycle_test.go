package wasm

import (
	"bytes"
	"errors"
	"os"
	goruntime "runtime"
	"testing"
)

// TestLoadAndUnload: loading a module, running an instance and closing both, two
// thousand times on one host with a cache, leaves no memory, machine code or
// goroutine behind.
func TestLoadAndUnload(t *testing.T) {
	h := newHost(t, nil)
	path, hostilePath := write(t, stepper().Bytes()), write(t, hostile([]byte{0}).Bytes())
	leavesNothing(t, 2_000, func(n int) {
		turn(t, h, path, n%10 == 0)
		if n%10 == 0 {
			fail(t, h, hostilePath)
		}
	})
}

// leavesNothing holds that the process does not grow by cycles, of which a short
// test makes a few only.
func leavesNothing(t *testing.T, cycles int, cycle func(int)) {
	t.Helper()
	if testing.Short() {
		cycles /= 20
	}
	for n := range 100 {
		cycle(n)
	}
	memory, code, goroutines := heap(), executable(t), goruntime.NumGoroutine()
	for n := range cycles {
		cycle(n)
	}
	if grown := heap() - memory; grown > 1<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	if now := executable(t); now > code+10 {
		t.Errorf("there are %d pieces of machine code, %d before", now, code)
	}
	if now := goruntime.NumGoroutine(); now > goroutines {
		t.Errorf("there are %d goroutines, %d before", now, goroutines)
	}
}

// turn loads a module, uses it and closes it.
func turn(t *testing.T, h *Host, path string, move bool) {
	t.Helper()
	ctx := t.Context()
	m, err := h.Load(ctx, path, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	i, err := m.Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = i.Fold(ctx, step(t, "s21"))
	if move && err == nil {
		var taken []byte
		if taken, err = i.Snapshot(ctx); err == nil {
			err = i.Restore(ctx, taken) // replaces the instance, whose table has changed
		}
	}
	if err := errors.Join(err, i.Close(ctx), m.Close(ctx)); err != nil {
		t.Fatal(err)
	}
}

// fail loads a module whose instance fails, and closes both.
func fail(t *testing.T, h *Host, path string) {
	t.Helper()
	ctx := t.Context()
	m, err := h.Load(ctx, path, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	i, err := m.Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Fold(ctx, batch(t, "add", "add")); err == nil {
		t.Error("the hostile guest does not fail")
	}
	if err := errors.Join(i.Close(ctx), m.Close(ctx)); err != nil {
		t.Fatal(err)
	}
}

// executable is the number of the process's mappings of machine code, where the
// system tells.
func executable(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0
	}
	n := 0
	for line := range bytes.Lines(maps) {
		if fields := bytes.Fields(line); len(fields) > 1 && bytes.Contains(fields[1], []byte("x")) {
			n++
		}
	}
	return n
}
