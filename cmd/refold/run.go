package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/engine/tracing"
)

func (a *app) runCommand() *cobra.Command {
	var file, monitor string
	var once bool
	c := &cobra.Command{
		Use:   "run -c FILE|DIR",
		Short: "Run the engine: catch up with the log, then follow it",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return &usageError{errors.New("no configuration: name it with -c FILE or -c DIR")}
			}
			if once && monitor != "" {
				return &usageError{errors.New("--monitor is about an engine that goes on: leave out --once")}
			}
			return a.run(cmd.Context(), file, once, monitor)
		},
	}
	c.Flags().StringVarP(&file, "config", "c", "", "YAML `file`, or a folder of them")
	c.Flags().StringVar(&monitor, "monitor", "", "serve /healthz and /metrics, without a token, at a loopback `address` such as 127.0.0.1:9464")
	c.Flags().BoolVar(&once, "once", false, "catch up to the log's present end, then exit")
	return c
}

// run checks all that can be checked before it takes the data directory.
func (a *app) run(ctx context.Context, file string, once bool, monitor string) (err error) {
	digest := digestOf(file)
	c, err := config.Load(file)
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if once {
		level = slog.LevelWarn
	}
	logger := a.engineLogger(&c.Log, level)
	parts, err := newParts(ctx, datadir.At(a.data), logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	mistakes := parts.checkSound(ctx, c, nil)
	if !once { // which asks nobody for a token
		mistakes = append(mistakes, checkFiles(c)...)
	}
	if len(mistakes) > 0 {
		return mistakes.Sorted()
	}
	if once {
		parts.collected = &collection{}
	} else if err := refuseCollecting(c); err != nil {
		return err
	}
	s, err := a.open(ctx, opening{config: c, archived: true, alone: true}, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	r := &pipelineRun{session: s, parts: parts, config: *c, digest: digest}
	if r.pipelines, err = adopt(s.dir, c.Pipelines); err != nil {
		return err
	}
	if r.retired, err = others(s.dir, c.Pipelines); err != nil {
		return err
	}
	if once {
		return a.runOnce(ctx, r)
	}
	return a.runLive(ctx, r, newReloader(file, r), monitor)
}

// others are the pipelines of a data directory that are not among the declared
// ones.
func others(dir datadir.Dir, declared []config.Pipeline) ([]config.Pipeline, error) {
	all, err := dir.Pipelines()
	return slices.DeleteFunc(all, func(p config.Pipeline) bool {
		return slices.ContainsFunc(declared, func(d config.Pipeline) bool { return d.Name == p.Name })
	}), err
}

func adopt(dir datadir.Dir, specs []config.Pipeline) ([]config.Pipeline, error) {
	adopted := make([]config.Pipeline, len(specs))
	for i, p := range specs {
		var err error
		if adopted[i], err = dir.Adopt(p); err != nil {
			return nil, err
		}
	}
	return adopted, nil
}

// pipelineRun is what an engine is opened over.
type pipelineRun struct {
	session            *session
	parts              *parts
	pipelines, retired []config.Pipeline
	config             config.Config // the zero value where nobody has declared one
	digest             string        // of what that depends on
}

// open opens the engine, and keeps a journal of what becomes of its pipelines.
func (r *pipelineRun) open(ctx context.Context, observer engine.Observer) (*engine.Engine, error) {
	r.parts.session = r.session
	journal := r.session.journal(r.parts.logger)
	return engine.Open(ctx, engine.Options{
		Log:          r.session.store,
		Answers:      answers{r.session.store, r.session.types},
		Catalog:      r.session.digestText(),
		Dir:          r.session.dir.PipelinesPath(),
		OpenPlugin:   r.parts.plugin,
		OpenExecutor: r.parts.executor,
		Models:       r.parts.models(),
		Retired:      r.retired,
		Jobs:         r.config.Replay.Jobs,
		ReplayRate:   r.config.Replay.Rate,
		Logger:       r.parts.logger,
		Now:          time.Now,
		Advise:       adviceOn,
		Observer:     engine.Observer{Changed: journal.Record}.And(observer),
	}, r.pipelines)
}

// dropModules removes the modules that no generation needs any more, from memory and from
// the data directory. What stays takes room and does no harm.
func (r *pipelineRun) dropModules(ctx context.Context, e *engine.Engine) {
	needed, err := e.Declarations(ctx)
	if err == nil {
		err = errors.Join(r.session.dir.DropModules(needed), r.parts.dropModules(ctx, needed))
	}
	if err != nil {
		r.parts.logger.Warn("modules that no generation needs stay for now", "error", err)
	}
}

func (a *app) runOnce(ctx context.Context, r *pipelineRun) (err error) {
	head, err := r.session.store.Head(ctx)
	if err != nil {
		return err
	}
	bar := a.bar(int64(head)*int64(len(r.pipelines)), "catching up")
	observer := engine.Observer{Folded: func(_ string, _ uint64, _ event.Position, events, _ int) { _ = bar.Add(events) }}
	e, err := r.open(ctx, observer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	r.dropModules(ctx, e)
	err = e.CatchUp(ctx)
	if err == nil { // also where no pipeline lacks any of it
		err = r.session.archived.Level(ctx)
	}
	_ = bar.Finish()
	if err != nil {
		return err
	}
	list, err := e.Status(ctx)
	if err != nil {
		return err
	}
	return a.printCaughtUp(list, r.parts.collected)
}

func (a *app) runLive(ctx context.Context, r *pipelineRun, reloads *reloader, monitor string) (err error) {
	s, logger := r.session, r.parts.logger
	asked, stop := hangups()
	defer stop()
	metrics := metricsOf(s.dir)
	observer := loggingObserver(logger).And(metrics.Observer())
	spans, err := tracesOf(ctx, &r.config.Tracing, logger)
	if err != nil {
		return err
	}
	if spans != nil {
		defer spans.end()
		observer = observer.And(tracing.Observer(spans))
	}
	e, err := r.open(ctx, observer)
	if err != nil {
		return err
	}
	metrics.Watch(e)
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	r.dropModules(ctx, e)
	reloads.engine, reloads.metrics = e, metrics
	metrics.Reloaded(true, time.Now())
	defer reloads.close()
	api, err := reloads.serveControl(control.Options{Engine: e, Metrics: metrics, Configured: reloads, Journal: transitions{s, logger}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, api.close()) }()
	unwatch, err := r.serveMonitor(e, metrics, monitor, logger)
	if err != nil {
		return err
	}
	defer unwatch()
	err = s.dir.Publish(datadir.Endpoint{PID: os.Getpid(), LogURL: s.logURL, LogToken: s.token, ControlURL: api.url, ControlToken: api.token})
	if err != nil {
		return err
	}
	tellServiceManager(logger, daemon.SdNotifyReady, counted(len(r.pipelines), "pipeline"))
	logger.Info("the engine runs", "pipelines", len(r.pipelines), "data", a.data, "log", s.logURL)
	var following sync.WaitGroup
	following.Go(func() { reloads.follow(ctx, asked) })
	e.Run(ctx)
	tellServiceManager(logger, daemon.SdNotifyStopping, "storing where the pipelines are")
	following.Wait()
	logger.Info("the engine has stopped")
	return nil
}
