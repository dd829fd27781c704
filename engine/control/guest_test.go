package control_test

import (
	"context"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
)

// loadGuest builds and loads the guest lines_by_dir, in C: the race detector makes the
// compiler of modules many times slower, and this one is small.
func loadGuest(t testing.TB) *wasm.Module {
	t.Helper()
	return loadC(t, "../../examples/git-history/c/lines_by_dir/lines_by_dir.c")
}

func loadC(t testing.TB, source string) *wasm.Module {
	t.Helper()
	path := conformance.BuildC(t, "../../sdk/c", source)
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	module, err := host.Load(ctx, path, wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := module.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return module
}

// openTable opens the table that the guest writes, in a SQLite file.
func openTable(path string) func(context.Context, config.Executor, string, uint64) (engine.Executor, error) {
	return func(ctx context.Context, _ config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		x, err := sqlite.Open(ctx, sqlite.Config{Path: path, Tables: []rows.Table{{
			Name:       "lines_by_dir",
			PrimaryKey: []string{"dir"},
			Columns: []rows.Column{
				{Name: "dir", Type: "text"}, {Name: "additions", Type: "integer"},
				{Name: "deletions", Type: "integer"}, {Name: "changes", Type: "integer"},
			},
		}}}, pipeline, generation)
		if err != nil { // not x: an interface around a nil pointer is not nil
			return nil, err
		}
		return x, nil
	}
}

// history is a log of four events, one of which the guest does not want.
func history(t testing.TB) *memory.Store {
	t.Helper()
	store := memory.New()
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	bulk, err := store.Bulk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer bulk.Close()
	for line := range strings.Lines(historyLines) {
		e, err := event.ParseJSON([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bulk.Add(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := bulk.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}

const historyLines = `{"id":"00000001-0000-7000-8000-000000000001","aggregate_type":"commit","aggregate_id":"00000002-0000-7000-8000-000000000001","type":"commit_recorded","time":"2026-01-01T00:00:01Z","correlation_id":"00000003-0000-7000-8000-000000000001","causation_id":null,"data":{"author":"ada"}}
{"id":"00000001-0000-7000-8000-000000000002","aggregate_type":"file","aggregate_id":"00000002-0000-7000-8000-000000000002","type":"file_added","time":"2026-01-01T00:00:02Z","correlation_id":"00000003-0000-7000-8000-000000000001","causation_id":null,"data":{"dir":"docs","additions":5,"deletions":0}}
{"id":"00000001-0000-7000-8000-000000000003","aggregate_type":"file","aggregate_id":"00000002-0000-7000-8000-000000000003","type":"file_added","time":"2026-01-01T00:00:03Z","correlation_id":"00000003-0000-7000-8000-000000000001","causation_id":null,"data":{"dir":"cmd","additions":1,"deletions":0}}
{"id":"00000001-0000-7000-8000-000000000005","aggregate_type":"file","aggregate_id":"00000002-0000-7000-8000-000000000002","type":"file_modified","time":"2026-01-01T00:00:05Z","correlation_id":"00000003-0000-7000-8000-000000000002","causation_id":null,"data":{"dir":"docs","additions":2,"deletions":4}}
`
