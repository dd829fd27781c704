package wasm_test

import (
	"context"
	"strings"
	"testing"

	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
)

// TestAFailureSaysWhereItIs: the error names the functions, as their language
// writes them, and what the guest said.
func TestAFailureSaysWhereItIs(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	c := func(t *testing.T) string { return conformance.BuildC(t, "../../sdk/c", "testdata/faults.c") }
	for name, tt := range map[string]struct {
		build  func(*testing.T) string
		events int
		want   string
	}{
		"a panic in C":                  {c, 1, `trapped: unreachable in give_up, called by refold_fold, having said "no luck today" (trap)`},
		"a trap in C":                   {c, 2, `trapped: integer divide by zero in divide, called by refold_fold (trap)`},
		"a loop that does not end":      {c, 3, `used up its fuel, 100000 units for an event in spin, called by refold_fold (out_of_fuel)`},
		"a recursion that does not end": {c, 4, `nests calls deeper than its stack of 1000 slots in nest (stack_overflow)`},
		"a panic in Go": {func(t *testing.T) string { return conformance.BuildGo(t, "testdata/faults") }, 1,
			`trapped: unreachable, having said "panic: runtime error: index out of range [0] with length 0" in main.(*counter).add at main.go:20 (trap)`},
		"a panic in Rust": {func(t *testing.T) string { return conformance.BuildRust(t, "../../sdk/rust", "testdata/faults.rs") }, 1,
			`trapped: unreachable in guest::nth, called by `},
		"an exception in AssemblyScript": {func(t *testing.T) string {
			return conformance.BuildAssemblyScript(t, "../../sdk/assemblyscript", "testdata/faults.ts")
		}, 1, `trapped: unreachable in guest/fold, called by `},
	} {
		t.Run(name, func(t *testing.T) {
			text := fails(t, tt.build(t), tt.events)
			if !strings.HasPrefix(text, "plugin faults: event 0 of the batch: "+tt.want) {
				t.Errorf("%s\nwant %s", text, tt.want)
			}
			said := map[string]string{
				"a panic in Rust":                `, having said "panicked at testdata/faults.rs:18:5: index out of bounds: the len is 0 but the index is 1" (trap)`,
				"an exception in AssemblyScript": `, having said "no luck with event 1 at guest.ts:6:3" (trap)`,
			}
			if !strings.HasSuffix(text, said[name]) || strings.Contains(text, "panicking::") {
				t.Errorf("%s\nwant at the end %s", text, said[name])
			}
		})
	}
}

// fails folds a batch of so many events with a guest, and returns why it fails.
func fails(t *testing.T, path string, events int) string {
	t.Helper()
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close(ctx) })
	limits := wasm.Limits{}
	if events > 2 {
		limits = wasm.Limits{FuelPerEvent: 100_000, StackSlots: 1000}
	}
	m, err := host.Load(ctx, path, limits)
	if err != nil {
		t.Fatal(err)
	}
	i, err := m.Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = i.Fold(ctx, measuredBatch(t, events))
	if err == nil {
		t.Fatal("it does not fail")
	}
	return err.Error()
}
