package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/runtime/wasm"
)

// progressEvery is how often a replay's progress is shown.
const progressEvery = 200 * time.Millisecond

func (a *app) replayCommand() *cobra.Command {
	workers := 0
	c := &cobra.Command{
		Use:   "replay PIPELINE",
		Short: "Rebuild a pipeline's read model from the log and swap it in",
		Long: `Rebuild a pipeline's read model from the beginning of the log.

The new read model is built beside the old one, which serves until the new one
has caught up; then readers see the new one, in one step. If the replay fails or
is interrupted, the old one stays as it is. Works with or without a running
engine. Where one runs, it is the one that replays, with the workers that its
configuration gives the projection.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return a.replay(cmd.Context(), args[0], workers) },
	}
	c.Flags().IntVar(&workers, "workers", 0, "fold with this `number` of instances of the projection; 0 means as it is declared")
	c.AddCommand(a.rollbackCommand(), a.generationsCommand(), a.dropGenerationCommand())
	return c
}

func (a *app) replay(ctx context.Context, pipeline string, workers int) (err error) {
	if workers < 0 || workers > wasm.MaxWorkers {
		return &usageError{fmt.Errorf("--workers %d: there can be 1 to %d", workers, wasm.MaxWorkers)}
	}
	s, err := a.openExisting(ctx, opening{archived: true}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	spec, err := s.dir.Pipeline(pipeline)
	if err != nil {
		return a.withKnown(err, s.dir)
	}
	if workers > 0 {
		if s.control != nil {
			return &usageError{fmt.Errorf("--workers %d: an engine runs, and replays with the workers of its configuration", workers)}
		}
		spec.Projection.Workers = workers
	}
	return a.rebuild(ctx, s, spec, "replaying", (*control.Client).Replay, (*engine.Engine).Replay)
}

// rebuild replays or resets, in the engine that has the directory or here.
func (a *app) rebuild(ctx context.Context, s *session, spec config.Pipeline, doing string,
	there func(*control.Client, context.Context, string, func(engine.Replay)) (engine.Replay, error),
	here func(*engine.Engine, context.Context, string) error) (err error) {
	show, shown := a.showReplay(doing + " " + spec.Name)
	var last engine.Replay
	if s.control != nil {
		last, err = there(s.control, ctx, spec.Name, show)
	} else {
		last, err = a.rebuildHere(ctx, s, spec, show, here)
	}
	shown()
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(last)
	}
	_, err = fmt.Fprintf(a.out, "%s: generation %d serves, rebuilt from %d events at %.0f events/s\n", spec.Name, last.Generation, last.Position, last.EventsPerSecond)
	return err
}

// showReplay returns what shows progress, a bar for people or a line of JSON for
// machines, and what ends that.
func (a *app) showReplay(doing string) (show func(engine.Replay), end func()) {
	if a.json {
		return func(p engine.Replay) { _ = a.printJSON(p) }, func() {}
	}
	bar := a.bar(-1, doing)
	show = func(p engine.Replay) {
		bar.ChangeMax64(int64(p.Target))
		_ = bar.Set64(int64(p.Position))
	}
	return show, func() { _ = bar.Finish() }
}

// withEngine opens one pipeline where no engine runs.
func (a *app) withEngine(ctx context.Context, s *session, spec config.Pipeline, do func(*engine.Engine) error) (err error) {
	parts, err := newParts(ctx, s.dir, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	r := pipelineRun{session: s, parts: parts, pipelines: []config.Pipeline{spec}}
	e, err := r.open(ctx, engine.Observer{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	return do(e)
}

// rebuildHere rebuilds without a running engine.
func (a *app) rebuildHere(ctx context.Context, s *session, spec config.Pipeline, show func(engine.Replay), rebuild func(*engine.Engine, context.Context, string) error) (last engine.Replay, err error) {
	err = a.withEngine(ctx, s, spec, func(e *engine.Engine) error {
		last, err = watchRebuild(ctx, e, spec.Name, show, rebuild)
		return err
	})
	return last, err
}

func watchRebuild(ctx context.Context, e *engine.Engine, pipeline string, show func(engine.Replay), rebuild func(*engine.Engine, context.Context, string) error) (last engine.Replay, err error) {
	done := make(chan error, 1)
	go func() { done <- rebuild(e, ctx, pipeline) }()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if list, err := e.Status(ctx); err == nil && list[0].Replay != nil && !list[0].Replay.Done {
				show(*list[0].Replay)
			}
		case err := <-done:
			if err != nil {
				return last, err
			}
			list, err := e.Status(ctx)
			if err != nil {
				return last, err
			}
			return *list[0].Replay, nil
		}
	}
}
