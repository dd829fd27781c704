package main

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/plugins/null"
	"github.com/refold-dev/refold/runtime/wasm"
)

// beginning is a log that ends at a position.
type beginning struct {
	*archive.Store
	head event.Position
}

func (l beginning) Head(context.Context) (event.Position, error) { return l.head, nil }

// rebuild is an engine that builds the state of the guest table.c from an archive.
type rebuild struct {
	b      *bench
	log    beginning
	module *wasm.Module
}

// rebuilds compiles the guest, with room for the log's aggregates.
func (b *bench) rebuilds(ctx context.Context, host *wasm.Host, l *benchLog, head int) (*rebuild, error) {
	slots := fmt.Sprintf("-DBITS=%d", bits.Len(uint(2*l.events/crowdEvents)))
	path, err := b.buildC(ctx, "table.c", fmt.Sprintf("table_%d", l.events), slots)
	if err != nil {
		return nil, err
	}
	m, err := host.Load(ctx, path, wasm.Limits{})
	if err != nil {
		return nil, err
	}
	return &rebuild{b, beginning{l.store, event.Position(head)}, m}, nil
}

// run is the whole way of a replay: open, read, fold, checkpoint. It is held to
// what the native fold has counted.
func (r *rebuild) run(ctx context.Context, want string) (took time.Duration, err error) {
	dir, err := os.MkdirTemp(r.b.dir, "rebuild-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	start := time.Now()
	e, err := engine.Open(ctx, r.options(dir), []config.Pipeline{tallied(r.b.dir)})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, e.Close(ctx)) }()
	if err := e.CatchUp(ctx); err != nil {
		return 0, err
	}
	took = time.Since(start)
	got, err := e.State(ctx, "tally", nil)
	if err == nil && want != "" && string(got) != want {
		err = fmt.Errorf("the engine comes to %s, and the native fold to %s", got, want)
	}
	return took, err
}

func (r *rebuild) options(dir string) engine.Options {
	return engine.Options{
		Log: r.log, Dir: dir, Logger: r.b.logger, Now: time.Now,
		OpenPlugin: func(ctx context.Context, _ config.Projection) (engine.Plugin, error) {
			return r.module.Instantiate(ctx)
		},
		OpenExecutor: func(context.Context, config.Executor, string, uint64) (engine.Executor, error) {
			return null.Executor{}, nil
		},
	}
}

func tallied(dir string) config.Pipeline {
	return config.Pipeline{
		Name:       "tally",
		Projection: config.Projection{WASM: filepath.Join(dir, "table.wasm")},
		Executors:  []config.Executor{{Null: &config.Null{}}},
	}
}
