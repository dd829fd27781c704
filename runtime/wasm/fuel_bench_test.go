package wasm

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
)

// BenchmarkFuel folds batches of 1,024 events as the module is, metered, and
// under wazero's own guard: a scan of JSON payloads in C, a hash table in C,
// and a map in Go. Compare within one run.
func BenchmarkFuel(b *testing.B) {
	const events = 1024
	scanned, counted := jsonBatches(b, 8, events), countingBatches(b, 40, events, 250)
	for _, guest := range []struct {
		name    string
		path    string
		batches [][]byte
	}{
		{"scan_c", cGuestNamed(b, "scan"), scanned},
		{"table_c", cGuest(b), counted},
		{"map_go", goGuest(), counted},
	} {
		for _, variant := range []struct {
			name           string
			metered, guard bool
		}{{"plain", false, false}, {"fuel", true, false}, {"guard", false, true}} {
			b.Run(guest.name+"/"+variant.name, func(b *testing.B) {
				fold := bare(b, guest.path, variant.metered, variant.guard)
				measure(b, events, guest.batches, fold)
			})
		}
	}
}

// bare returns the fold of a guest without Instance's checks.
func bare(b *testing.B, path string, metered, guard bool) func(batch []byte) error {
	code, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	if metered {
		if _, code, err = inspect(code, Limits{MemoryPages: 4096, TableElements: 1 << 20}); err != nil {
			b.Fatal(err)
		}
	}
	ctx := imports.NewGuest(1, imports.Log{})
	ctx.Context = context.Background()
	cache, err := wazero.NewCompilationCacheWithDir(filepath.Join(built.dir, "bare"))
	if err != nil {
		b.Fatal(err)
	}
	h := &Host{runtime: wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(guard).WithCompilationCache(cache))}
	b.Cleanup(func() { h.runtime.Close(ctx) })
	if err := h.offerImports(ctx); err != nil {
		b.Fatal(err)
	}
	m, err := h.runtime.InstantiateWithConfig(ctx, code, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		b.Fatal(err)
	}
	grant := func(events int) {
		if !metered {
			return
		}
		budget := newBudget(m)
		budget.grant(&Limits{FuelPerEvent: 1 << 30, StackSlots: math.MaxInt32}, events)
	}
	if start := m.ExportedFunction(exportInitialize); start != nil {
		grant(noEvents)
		if err := start.CallWithStack(ctx, nil); err != nil {
			b.Fatal(err)
		}
	}
	return foldBare(ctx, m, grant)
}

func foldBare(ctx context.Context, m api.Module, grant func(int)) func([]byte) error {
	alloc, fold := m.ExportedFunction(exportAlloc), m.ExportedFunction(exportFold)
	var stack [2]uint64
	return func(batch []byte) error {
		grant(1024)
		stack[0] = uint64(len(batch))
		if err := alloc.CallWithStack(ctx, stack[:]); err != nil {
			return err
		}
		m.Memory().Write(uint32(stack[0]), batch)
		stack[1] = uint64(len(batch))
		return fold.CallWithStack(ctx, stack[:])
	}
}
