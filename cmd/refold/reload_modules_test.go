package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/runtime/wasm"
)

// However often a module is replaced, an engine has only those loaded that serve, are kept
// for a rollback, or are being built with.
func TestReplacedModulesAreFreed(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "pipelines.yaml")
	write := func(round int) {
		for name, text := range map[string]string{
			file:                                "pipelines: [{name: counted, projection: {wasm: counted.js}}]",
			filepath.Join(folder, "counted.js"): fmt.Sprintf("fromAll().when({ $any(state, e) { return %d } });", round),
		} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(0)
	e, reloads := runIn(t, filepath.Join(folder, "data"), file)
	for round := 1; round <= 4; round++ {
		write(round)
		done, err := reloads.Reload(t.Context())
		if err != nil || !slices.Equal(done.Changed, []string{"counted"}) {
			t.Fatalf("round %d: %+v, %v", round, done, err)
		}
		untilBuilt(t, e)
		if n := len(reloads.run.parts.modules); n > 3 {
			t.Errorf("round %d: %d modules are loaded", round, n)
		}
	}
}

// A module that lies at two paths is loaded once, and freed with the last of them.
func TestModuleAtTwoPaths(t *testing.T) {
	parts, err := newParts(t.Context(), datadir.At(t.TempDir()), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := parts.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	text := []byte("fromAll().when({ $any(state, e) { return 1 } });")
	var at [2]config.Pipeline
	var loaded [2]*wasm.Module
	for i := range at {
		at[i].Projection.WASM = filepath.Join(t.TempDir(), "counted.js")
		if err := os.WriteFile(at[i].Projection.WASM, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if loaded[i], err = parts.module(t.Context(), at[i].Projection); err != nil {
			t.Fatal(err)
		}
	}
	if loaded[0] != loaded[1] {
		t.Error("it is loaded twice")
	}
	for _, c := range []struct {
		needed []config.Pipeline
		want   error
	}{{at[1:], nil}, {nil, wasm.ErrClosed}} {
		if err := parts.dropModules(t.Context(), c.needed); err != nil {
			t.Fatal(err)
		}
		instance, err := loaded[1].Instantiate(t.Context())
		if !errors.Is(err, c.want) {
			t.Errorf("with %d of two paths needed: %v, want %v", len(c.needed), err, c.want)
		}
		if err == nil {
			if err := instance.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}

// runIn runs an engine until the test ends, as refold run does.
func runIn(t *testing.T, data, file string) (*engine.Engine, *reloader) {
	t.Helper()
	ctx, logger := t.Context(), slog.New(slog.DiscardHandler)
	must := func(err error) {
		if t.Helper(); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(file)
	must(err)
	s, err := (&app{data: data}).open(ctx, opening{config: c, archived: true}, logger)
	must(err)
	t.Cleanup(func() { must(s.close()) })
	r := &pipelineRun{session: s, config: *c, digest: digestOf(file)}
	r.parts, err = newParts(ctx, s.dir, logger)
	must(err)
	t.Cleanup(func() { must(r.parts.close(context.Background())) })
	r.pipelines, err = adopt(s.dir, c.Pipelines)
	must(err)
	e, err := r.open(ctx, engine.Observer{})
	must(err)
	t.Cleanup(func() { must(e.Close(context.Background())) })
	var running sync.WaitGroup
	t.Cleanup(running.Wait) // whose context is done by then
	running.Go(func() { e.Run(ctx) })
	reloads := newReloader(file, r)
	reloads.engine, reloads.metrics = e, control.NewMetrics(control.MetricsOptions{})
	return e, reloads
}

// untilBuilt waits until what has changed serves.
func untilBuilt(t *testing.T, e *engine.Engine) {
	t.Helper()
	for end := time.Now().Add(enginetest.Deadline); ; time.Sleep(5 * time.Millisecond) {
		list, err := e.Status(t.Context())
		if err == nil && len(list) == 1 && list[0].State == engine.Live && list[0].Change == nil && len(list[0].Jobs) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("nothing new serves: %+v, %v", list, err)
		}
	}
}
