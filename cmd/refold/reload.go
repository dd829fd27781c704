package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
)

func (a *app) reloadCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Have the running engine take its configuration anew",
		Long: `Have the engine that runs over the data directory read its configuration again.
Pipelines that have not changed go on without a pause. A configuration that is not
sound changes nothing, and the error says why. SIGHUP does the same.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.reload(cmd.Context()) },
	}
}

func (a *app) reload(ctx context.Context) (err error) {
	s, err := a.openExisting(ctx, opening{}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if s.control == nil {
		return &hinted{fmt.Errorf("no engine runs over the data directory %s", a.data), "the next one takes the configuration as it is then: refold run"}
	}
	done, err := s.control.Reload(ctx)
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(done)
	} else {
		err = a.printReloaded(done)
	}
	for _, f := range done.Failed {
		err = errors.Join(err, fmt.Errorf("pipeline %s has stopped: %s", f.Pipeline, f.Error))
	}
	return err
}

func (a *app) printReloaded(done engine.Reloaded) (err error) {
	for _, of := range []struct {
		what  string
		names []string
	}{{"unchanged", done.Unchanged}, {"changed", done.Changed}, {"added", done.Added}, {"retired", done.Retired}} {
		if len(of.names) > 0 && err == nil {
			_, err = fmt.Fprintf(a.out, "%s: %s\n", of.what, strings.Join(of.names, ", "))
		}
	}
	return err
}

// printReloadFailure says of an engine that runs why it has not taken its configuration
// when it was to do so last.
func (a *app) printReloadFailure(ctx context.Context, running *control.Client) error {
	if running == nil {
		return nil
	}
	now, err := running.Configuration(ctx)
	if err != nil || now.LastReload == nil || now.LastReload.OK {
		return err
	}
	if a.json {
		a.logger(slog.LevelWarn).Warn("the last reload failed", "at", now.LastReload.At, "error", now.LastReload.Error)
		return nil
	}
	_, err = fmt.Fprintf(a.out, "reload: failed at %s: %s\n", now.LastReload.At.Format(time.RFC3339), printable(now.LastReload.Error))
	return err
}

// reloader brings a running engine what its configuration says.
type reloader struct {
	file    string
	run     *pipelineRun
	engine  *engine.Engine
	metrics *control.Metrics
	api     *controlAPI // empty where none is served
	logger  *slog.Logger
	turn    chan struct{} // holds one token while somebody reloads
	tried   chan struct{} // holds one while whoever watches has not seen to a reload

	mu      sync.Mutex
	current *config.Config // that the engine runs by
	now     control.Configuration
	last    string // the digest of what was read last
}

func newReloader(file string, r *pipelineRun) *reloader {
	return &reloader{
		file: file, run: r, logger: r.parts.logger,
		api: &controlAPI{}, turn: make(chan struct{}, 1), tried: make(chan struct{}, 1),
		current: &r.config, last: r.digest,
		now: control.Configuration{Files: r.config.Files, Digest: r.digest, Since: time.Now()},
	}
}

// serveControl serves the control API, behind which whoever asks for a reload waits.
func (r *reloader) serveControl(about control.Options) (_ *controlAPI, err error) {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	r.api, err = r.run.serveControl(about)
	return r.api, err
}

// Configuration implements control.Configured.
func (r *reloader) Configuration() control.Configuration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// Reload implements control.Configured: it reads the configuration and brings it to the
// engine, or says why the engine goes on by the one before.
func (r *reloader) Reload(ctx context.Context) (done engine.Reloaded, err error) {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return done, fmt.Errorf("waiting for another reload to end: %w", ctx.Err())
	}
	last := &control.LastReload{At: time.Now(), Digest: digestOf(r.file)}
	c, err := config.Load(r.file)
	if err == nil {
		done, err = r.take(ctx, c)
	}
	if last.OK = err == nil; last.OK {
		r.logger.Info("the configuration is taken anew", "unchanged", len(done.Unchanged), "changed", done.Changed, "added", done.Added, "retired", done.Retired)
	} else {
		last.Error = err.Error()
		r.logger.Error("the configuration is not taken: the engine goes on by the one before", "error", last.Error)
	}
	r.note(c, last)
	return done, err
}

// digestOf is of all that a configuration depends on, as it is now.
func digestOf(file string) string {
	d := config.DependenciesOf(file, os.LookupEnv)
	return d.Digest()
}

func (r *reloader) note(c *config.Config, last *control.LastReload) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last.OK {
		r.current = c
		r.now = control.Configuration{Files: c.Files, Digest: last.Digest, Since: last.At}
	}
	r.now.LastReload, r.last = last, last.Digest
	r.metrics.Reloaded(last.OK, last.At)
	select {
	case r.tried <- struct{}{}:
	default:
	}
}

// take brings the engine a configuration that has been read.
func (r *reloader) take(ctx context.Context, c *config.Config) (done engine.Reloaded, err error) {
	if err := r.refuseRestart(c); err != nil {
		return done, err
	}
	if err := refuseCollecting(c); err != nil {
		return done, err
	}
	tokens, errs := controlFiles(&c.Control)
	if len(errs) > 0 {
		return done, c.Hide(errs)
	}
	if err := r.check(ctx, c); err != nil {
		return done, err
	}
	dir := r.run.session.dir
	specs := make([]config.Pipeline, len(c.Pipelines))
	for i, p := range c.Pipelines {
		if specs[i], err = dir.Place(p); err != nil {
			return done, err
		}
	}
	if done, err = r.engine.Reload(ctx, specs); err != nil {
		return done, err
	}
	r.api.admit(tokens)
	for _, p := range specs {
		if err := dir.Note(p); err != nil { // the next start does it
			r.logger.Warn("what a pipeline is declared as is not noted", "pipeline", p.Name, "error", err)
		}
	}
	r.run.dropModules(ctx, r.engine)
	return done, nil
}

// refuseRestart refuses what only a start takes, by name, and all with it.
func (r *reloader) refuseRestart(c *config.Config) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs config.Errors
	for _, key := range r.current.NeedRestart(c) {
		errs = append(errs, &config.Error{Pos: c.Where(key), Message: key + " has changed, which needs a restart", Hint: "restart the engine, or take it back: nothing has been taken of the configuration"})
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// check checks a configuration as a start does, by what is on disk now.
func (r *reloader) check(ctx context.Context, c *config.Config) (err error) {
	fresh, err := newParts(ctx, r.run.session.dir, r.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fresh.close(context.WithoutCancel(ctx))) }()
	return fresh.check(ctx, c)
}

// pollEvery is how often files are looked at that are watched, whatever the system tells
// of them: over a network it may tell nothing.
const pollEvery = 30 * time.Second

// follow reloads when a signal asks for it or, where that is wanted, when a file has
// changed, until ctx is done.
func (r *reloader) follow(ctx context.Context, asked <-chan os.Signal) {
	for ctx.Err() == nil {
		if r.isAsked(ctx, asked) {
			_, _ = r.Reload(ctx) // it is in the log
		}
	}
}

// isAsked waits for something to reload for, or for ctx to be done, or for somebody else's
// reload, behind which other files may count.
func (r *reloader) isAsked(ctx context.Context, asked <-chan os.Signal) bool {
	ctx, cancel := context.WithCancel(ctx)
	var changed <-chan struct{} // for ever, if nothing is watched
	if r.watches() {
		w := watchFiles(config.DependenciesOf(r.file, os.LookupEnv), r.logger)
		defer w.close()
		changed = w.changes(ctx, r.differs)
	}
	defer cancel() // before the watch is closed
	select {
	case <-ctx.Done():
	case <-r.tried:
	case <-asked:
		r.logger.Info("the configuration is read: a signal asks for it")
		return true
	case _, yes := <-changed:
		if yes {
			r.logger.Info("the configuration is read: a file has changed")
		}
		return yes
	}
	return false
}

// close ends the reload that is under way, after which there is none.
func (r *reloader) close() { r.turn <- struct{}{} }

func (r *reloader) watches() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current.Reload.Watch
}

// differs reports whether what the configuration depends on is not what it was when it was
// read last.
func (r *reloader) differs() bool {
	digest := digestOf(r.file)
	r.mu.Lock()
	defer r.mu.Unlock()
	return digest != r.last
}
