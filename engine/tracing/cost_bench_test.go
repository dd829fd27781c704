package tracing_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/tracing"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/plugins/null"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
)

// BenchmarkCost folds 50,000 events with a keyed guest in C, which has effects for all, and
// performs those nowhere: without tracing, with a batch in a hundred traced, and with all
// of them. Spans are exported to nowhere, in the background. The sides take turns, and the
// fastest turn of each counts.
func BenchmarkCost(b *testing.B) {
	const events = 50_000
	log, module := changes(b, events), lines(b)
	shares := []float64{-1, 0.01, 1}
	best := make([]time.Duration, len(shares))
	for b.Loop() {
		for n, share := range shares {
			took := caughtUp(b, log, module, share)
			if best[n] == 0 || took < best[n] {
				best[n] = took
			}
		}
	}
	b.ReportMetric(events/best[0].Seconds(), "events/s")
	b.ReportMetric(best[1].Seconds()/best[0].Seconds(), "sampled_vs_none")
	b.ReportMetric(best[2].Seconds()/best[0].Seconds(), "all_vs_none")
}

// caughtUp is how long an engine takes for a log, with a share of the batches traced, or
// none if that is negative.
func caughtUp(b *testing.B, log engine.Log, module *wasm.Module, share float64) time.Duration {
	ctx, dir := b.Context(), b.TempDir()
	defer os.RemoveAll(dir)
	var observer engine.Observer
	if share >= 0 {
		provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.TraceIDRatioBased(share)), sdktrace.WithBatcher(tracetest.NewNoopExporter()))
		defer func() { _ = provider.Shutdown(ctx) }() // exports to nowhere
		observer = tracing.Observer(provider.Tracer("bench"))
	}
	e, err := engine.Open(ctx, engine.Options{
		Log: log, Dir: dir, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Observer: observer,
		OpenPlugin: func(ctx context.Context, _ config.Projection) (engine.Plugin, error) { return module.Instantiate(ctx) },
		OpenExecutor: func(context.Context, config.Executor, string, uint64) (engine.Executor, error) {
			return null.Executor{}, nil
		},
	}, []config.Pipeline{{Name: "lines", Executors: []config.Executor{{Null: &config.Null{}}}}})
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := e.CatchUp(ctx); err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	if err := e.Close(ctx); err != nil {
		b.Fatal(err)
	}
	return took
}

// changes is a log of so many changes in ten directories.
func changes(b *testing.B, n int) *memory.Store {
	store := memory.New()
	b.Cleanup(func() { _ = store.Close() })
	bulk, err := store.Bulk(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer bulk.Close()
	for i := range n {
		e := event.Event{ID: uuid.New(), CorrelationID: uuid.New(), Aggregate: event.Aggregate{Type: "file", ID: uuid.New()}, Type: "file_added",
			Time: time.Now(), Data: fmt.Appendf(nil, `{"dir":"dir%d","additions":%d,"deletions":0}`, i%10, i)}
		if _, err := bulk.Add(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
	if err := bulk.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	return store
}

func lines(b *testing.B) *wasm.Module {
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(b)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = host.Close(ctx) })
	module, err := host.Load(ctx, conformance.BuildC(b, "../../sdk/c", "../../examples/git-history/c/lines_by_dir/lines_by_dir.c"), wasm.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	return module
}
