package wasm

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/sdk/frame"
)

// BenchmarkFuel folds batches of 1,024 events as the module is, metered, and
// under wazero's own guard: a scan of JSON payloads in C, a hash table in C,
// and a map in Go. Unmetered, the scan marks no events: each mark would be a
// call of the host. The three take turns, and the fastest turn of each counts:
// so a busy machine disturbs the ratios little.
func BenchmarkFuel(b *testing.B) {
	scanned, counted := jsonBatches(b, 4, foldedEvents), countingBatches(b, 10, foldedEvents, 250)
	for _, guest := range []struct {
		name    string
		path    string
		plain   string
		batches [][]byte
	}{
		{"scan_c", cGuestNamed(b, "scan"), cGuestNamed(b, "scan_unmarked"), scanned},
		{"table_c", cGuest(b), cGuest(b), counted},
		{"map_go", goGuest(), goGuest(), counted},
	} {
		b.Run(guest.name, func(b *testing.B) {
			plain := fastest(bare(b, guest.plain, false, false))
			fuel := fastest(bare(b, guest.path, true, false))
			guard := fastest(bare(b, guest.plain, false, true))
			n := 0
			for b.Loop() {
				for _, variant := range []*turns{plain, fuel, guard} {
					variant.take(b, guest.batches[n%len(guest.batches)])
				}
				n++
			}
			for name, variant := range map[string]*turns{"plain": plain, "fuel": fuel, "guard": guard} {
				b.ReportMetric(foldedEvents/variant.best.Seconds()/1e6, name+"_Mevents/s")
			}
			b.ReportMetric(plain.best.Seconds()/fuel.best.Seconds(), "fuel_vs_plain")
			b.ReportMetric(guard.best.Seconds()/fuel.best.Seconds(), "fuel_vs_guard")
		})
	}
}

const foldedEvents = 1024

// turns keeps the fastest of a fold's turns.
type turns struct {
	fold func([]byte) ([]byte, error)
	best time.Duration
}

func fastest(fold func([]byte) ([]byte, error)) *turns { return &turns{fold, time.Hour} }

func (v *turns) take(b *testing.B, batch []byte) {
	began := time.Now()
	if _, err := v.fold(batch); err != nil {
		b.Fatal(err)
	}
	v.best = min(v.best, time.Since(began))
}

// bare returns the fold of a guest without Instance's checks.
func bare(b testing.TB, path string, metered, guard bool) func(batch []byte) ([]byte, error) {
	code, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	if metered {
		file, options, err := inspect(code, imports.Projection, Limits{MemoryPages: 4096, TableElements: 1 << 20})
		if err != nil {
			b.Fatal(err)
		}
		if code, err = meter.Rewrite(file, options); err != nil {
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

func foldBare(ctx context.Context, m api.Module, grant func(int)) func([]byte) ([]byte, error) {
	alloc, fold := m.ExportedFunction(exportAlloc), m.ExportedFunction(exportFold)
	var stack [2]uint64
	return func(batch []byte) ([]byte, error) {
		grant(frame.EventCount(batch))
		stack[0] = uint64(len(batch))
		if err := alloc.CallWithStack(ctx, stack[:]); err != nil {
			return nil, err
		}
		m.Memory().Write(uint32(stack[0]), batch)
		stack[1] = uint64(len(batch))
		if err := fold.CallWithStack(ctx, stack[:]); err != nil {
			return nil, err
		}
		result, _ := m.Memory().Read(uint32(stack[0]>>32), uint32(stack[0]))
		return result, nil
	}
}
