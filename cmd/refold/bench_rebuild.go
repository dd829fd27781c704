package main

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"
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

// rebuild is an engine that folds an archive's events by a guest.
type rebuild struct {
	b        *bench
	log      beginning
	module   *wasm.Module
	rootless bool // it makes no state roots
}

// newRebuild compiles a guest in C for it.
func (b *bench) newRebuild(ctx context.Context, host *wasm.Host, from *archive.Store, head int, source string, flags ...string) (*rebuild, error) {
	path, err := b.buildC(ctx, source, "rebuild_"+source, flags...)
	if err != nil {
		return nil, err
	}
	m, err := host.Load(ctx, path, wasm.Limits{})
	if err != nil {
		return nil, err
	}
	return &rebuild{b: b, log: beginning{from, event.Position(head)}, module: m}, nil
}

// roomFor has the guest table.c count so many aggregates.
func roomFor(aggregates int) string { return fmt.Sprintf("-DBITS=%d", bits.Len(uint(2*aggregates))) }

// run is the whole way of a replay: open, read, fold, checkpoint. It is held to
// what the native fold has counted, if that is known.
func (r *rebuild) run(ctx context.Context, want string) (time.Duration, error) {
	discard := func(context.Context) (engine.Executor, error) { return null.Executor{}, nil }
	return r.into(ctx, discard, func(e *engine.Engine) error {
		got, err := e.State(ctx, "bench", nil)
		if err == nil && want != "" && string(got) != want {
			err = fmt.Errorf("the engine comes to %s, and the native fold to %s", got, want)
		}
		return err
	})
}

// into is a replay into an executor.
func (r *rebuild) into(ctx context.Context, open func(context.Context) (engine.Executor, error), check func(*engine.Engine) error) (took time.Duration, err error) {
	dir, err := os.MkdirTemp(r.b.dir, "rebuild-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	options := engine.Options{
		Log: r.log, Dir: dir, Logger: r.b.logger, Now: time.Now, WithoutRoots: r.rootless,
		OpenPlugin: func(ctx context.Context, _ config.Projection) (engine.Plugin, error) {
			return r.module.Instantiate(ctx)
		},
		OpenExecutor: func(ctx context.Context, _ config.Executor, _ string, _ uint64) (engine.Executor, error) {
			return open(ctx)
		},
	}
	pipeline := config.Pipeline{Name: "bench", Projection: config.Projection{WASM: "bench.wasm"}, Executors: []config.Executor{{Null: &config.Null{}}}}
	start := time.Now()
	e, err := engine.Open(ctx, options, []config.Pipeline{pipeline})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	if err := e.CatchUp(ctx); err != nil {
		return 0, err
	}
	took = time.Since(start)
	return took, check(e)
}
