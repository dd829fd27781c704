package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/feed"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/internal/root"
)

func statePath(dir, pipeline string) string { return filepath.Join(dir, pipeline, "state.db") }

// open opens what the pipeline remembers, and mends what a crash has left. What cannot be
// opened is a fault of this pipeline alone, which its status has; the error is that ctx has
// ended.
func (p *pipeline) open(ctx context.Context) error {
	p.snapshots.follow(&p.declared.spec.Snapshots, p.opts)
	err := p.reopenState()
	if err == nil && p.life.state() == Paused {
		p.openPaused(ctx)
		return nil
	}
	if err == nil {
		p.life.become(inLoad, nil)
		err = p.recover(ctx)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		_ = p.faultUnopened(err)
	}
	return nil
}

// openState opens the pipeline's file of states, where it is shut, and returns the life that
// it remembers. One that says of that what nobody writes stays shut.
func (p *pipeline) openState() (at checkpoint.Life, err error) {
	if err = p.store.Reopen(); err == nil {
		if at, err = remembered(p.store); err != nil {
			_ = p.store.Shut(err) // whose own error would say less
		}
	}
	if err != nil {
		return at, fmt.Errorf("pipeline %s: %w", p.name, err)
	}
	if err := p.snapshots.prune(); err != nil {
		p.opts.Logger.Warn("removing snapshots for time travel that are of no use any more", "pipeline", p.name, "error", err)
	}
	return at, nil
}

// reopenState opens the file, where it is shut, and goes on with the life that it
// remembers.
func (p *pipeline) reopenState() error {
	if p.store.WhyShut() == nil {
		return nil
	}
	at, err := p.openState()
	if err == nil {
		p.life.set(at, nil)
	}
	return err
}

// openPaused opens what a paused pipeline serves, if it can be read.
func (p *pipeline) openPaused(ctx context.Context) {
	if err := p.openReader(ctx); err != nil {
		p.opts.Logger.Warn("what the paused pipeline serves cannot be read", "pipeline", p.name, "error", err)
	}
}

// isFenced reports whether an executor's error says that another one has taken over
// from it: the read model is another engine's.
func isFenced(err error) bool {
	var fenced interface {
		error
		Fenced() bool
	}
	return errors.As(err, &fenced) && fenced.Fenced()
}

// isOutdated reports whether an error is that the read model is of another declaration
// than the present one, and cannot go on.
func isOutdated(err error) bool {
	var changed *ChangedError
	var gone *GoneError
	return errors.As(err, &changed) || errors.As(err, &gone)
}

// replacedBy is the generation that serves in the place of one that was to be opened,
// if an executor's error says so.
func replacedBy(err error) (generation uint64, ok bool) {
	var replaced interface {
		error
		ReplacedBy() (uint64, bool)
	}
	if !errors.As(err, &replaced) {
		return 0, false
	}
	return replaced.ReplacedBy()
}

// recover goes on from what the last run, or the last fault, has left.
func (p *pipeline) recover(ctx context.Context) error {
	if err := p.finishActivation(ctx); err != nil {
		return fmt.Errorf("pipeline %s: finishing the swap of the last run: %w", p.name, err)
	}
	if err := p.openLive(ctx); err != nil {
		return err
	}
	p.retain(ctx)
	return errors.Join(p.dropSurplus(ctx), p.mendJobs())
}

// finishActivation goes on with a swap that a crash has cut short.
func (p *pipeline) finishActivation(ctx context.Context) error {
	_, activating, err := p.store.Generations()
	if err != nil || activating == 0 {
		return err
	}
	kept, err := p.store.Generation(activating)
	if err != nil {
		return err
	}
	spec, _, noted, err := p.declared.specOf(kept)
	if err != nil {
		return err
	}
	if noted { // else run rebuilds it, and swaps the sinks then
		executors, err := p.openExecutors(ctx, &spec, activating)
		if err != nil {
			return err
		}
		if err := errors.Join(activateAll(ctx, executors), closeAll(executors)); err != nil {
			return err
		}
	}
	return p.store.FinishActivation(activating, p.opts.Now())
}

// openLive opens the active generation, if it can go on; if it cannot, run rebuilds
// it.
func (p *pipeline) openLive(ctx context.Context) error {
	active, _, err := p.store.Generations()
	if err != nil {
		return err
	}
	kept, err := p.activeOrFirst(active)
	if err != nil {
		return err
	}
	d, err := p.decide(ctx, kept)
	if err != nil || d == nil {
		return err
	}
	g, err := p.openActive(ctx, kept, d)
	if by, ok := replacedBy(err); ok && kept.Mark().Position == 0 { // that of a state which is no more
		p.warnOfStranger()
		return p.store.Reserve(by)
	}
	if err != nil && p.outdated && !isFenced(err) && ctx.Err() == nil { // its successor needs nothing of it
		p.opts.Logger.Warn("what serves does not fold on while its successor is built", "pipeline", p.name, "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	if p.isStranger(g, active == 0) {
		p.warnOfStranger()
		return g.close(ctx)
	}
	p.serve(g)
	return nil
}

// openActive opens the generation that readers see. The error is fenced where an executor
// has another one serve, which it knows as a later one.
func (p *pipeline) openActive(ctx context.Context, kept *checkpoint.Generation, d *declaration) (*generation, error) {
	g, err := p.openGeneration(ctx, kept, d)
	if err != nil {
		return nil, err
	}
	for i, x := range g.executors {
		k, ok := x.(Keeper)
		if ok && !x.Active() && k.Serving() > kept.Number() {
			return nil, errors.Join(&replacedError{g.names[i], kept.Number(), k.Serving()}, g.close(ctx))
		}
	}
	return g, nil
}

// replacedError is an executor that has a generation serve which the state does not
// know.
type replacedError struct {
	executor string
	number   uint64
	by       uint64
}

func (e *replacedError) Error() string {
	return fmt.Sprintf("in the executor %s generation %d serves in the place of generation %d", e.executor, e.by, e.number)
}

func (e *replacedError) Fenced() bool { return true }

func (e *replacedError) ReplacedBy() (generation uint64, ok bool) { return e.by, true }

func (p *pipeline) warnOfStranger() {
	p.opts.Logger.Warn("an executor serves a read model of another origin: rebuilding", "pipeline", p.name)
}

func (p *pipeline) activeOrFirst(active uint64) (*checkpoint.Generation, error) {
	if active == 0 {
		return p.create()
	}
	return p.store.Generation(active)
}

// isStranger reports whether an executor serves something that the state knows
// nothing of: another generation, or, where the state is new, anything at all.
func (p *pipeline) isStranger(g *generation, isNew bool) bool {
	for _, x := range g.executors {
		if at, ok := x.Position(); !x.Active() || isNew && ok && at > 0 {
			return true
		}
	}
	return false
}

// discardAll discards a generation in its executors. One that serves it knew no
// other: its sink was empty, and the next swap replaces it there.
func discardAll(ctx context.Context, executors []Executor) error {
	var errs []error
	for _, x := range executors {
		if x.Active() {
			errs = append(errs, x.Close())
		} else {
			errs = append(errs, x.Discard(ctx))
		}
	}
	return errors.Join(errs...)
}

// openGeneration opens plugin and executors for a stored generation and brings
// them to one position.
func (p *pipeline) openGeneration(ctx context.Context, kept *checkpoint.Generation, d *declaration) (*generation, error) {
	if err := kept.Verify(); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", p.name, err)
	}
	plugin, err := d.instantiate(ctx)
	if err != nil {
		return nil, err
	}
	executors, err := p.openExecutors(ctx, &d.spec, kept.Number())
	if err != nil {
		return nil, errors.Join(err, plugin.Close(ctx))
	}
	selection := feed.Select(d.manifest.Events, d.spec.Source.Events, d.spec.Source.Aggregates)
	g := &generation{
		pipeline:    p.name,
		opts:        p.opts,
		manifest:    d.manifest,
		executors:   executors,
		specs:       d.spec.Executors,
		names:       executorNames(d.spec.Executors),
		instantiate: d.instantiate,
		folds:       true,
		size:        p.opts.BatchSize,
		asking:      make(chan struct{}, 1),
		plugin:      plugin,
		builder:     feed.NewBuilder(&d.manifest, selection, d.spec.Projection.Key),
		kept:        kept,
		hasher:      root.NewHasher(),
		snapshots:   p.snapshots,
		watch:       &p.watch,
		policy:      d.policy,
	}
	g.builder.SetPipeline(p.name)
	if p.opts.WithoutRoots {
		kept.KeepNoRoots()
	}
	if err := g.restore(ctx); err != nil {
		return nil, errors.Join(err, g.close(ctx))
	}
	return g, nil
}

func (p *pipeline) openExecutors(ctx context.Context, spec *config.Pipeline, generation uint64) ([]Executor, error) {
	var executors []Executor
	for i := range spec.Executors {
		x, err := p.opts.OpenExecutor(ctx, spec.Executors[i], p.name, generation)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("pipeline %s: opening its executors: %w", p.name, err), closeAll(executors))
		}
		executors = append(executors, x)
	}
	return executors, nil
}

func activateAll(ctx context.Context, executors []Executor) error {
	for _, x := range executors {
		if err := x.Activate(ctx); err != nil {
			return fmt.Errorf("activating the new generation: %w", err)
		}
	}
	return nil
}

func closeAll(executors []Executor) error {
	var errs []error
	for _, x := range executors {
		errs = append(errs, x.Close())
	}
	return errors.Join(errs...)
}
