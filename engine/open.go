package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/refold-dev/refold/engine/feed"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/internal/root"
)

func statePath(dir, pipeline string) string { return filepath.Join(dir, pipeline, "state.db") }

// open opens what the pipeline remembers, and mends what a crash has left.
func (p *pipeline) open(ctx context.Context) (err error) {
	p.store, err = checkpoint.Open(statePath(p.opts.Dir, p.spec.Name))
	if err != nil {
		return fmt.Errorf("pipeline %s: %w", p.spec.Name, err)
	}
	if err := p.life.open(p.store); err != nil {
		return err
	}
	if p.life.state() == Paused {
		return p.openReader(ctx)
	}
	p.life.become(inLoad, nil)
	err = p.recover(ctx)
	if !isFenced(err) {
		return err
	}
	_ = p.fault(err) // of this pipeline alone: its status has the error
	return nil
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
		return fmt.Errorf("pipeline %s: finishing the swap of the last run: %w", p.spec.Name, err)
	}
	if err := p.openLive(ctx); err != nil {
		return err
	}
	return p.dropLeftovers(ctx)
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
	if kept.Mark().Identity == p.identity { // else run rebuilds it, and swaps the sinks then
		executors, err := p.openExecutors(ctx, activating)
		if err != nil {
			return err
		}
		if err := errors.Join(activateAll(ctx, executors), closeAll(executors)); err != nil {
			return err
		}
	}
	return p.store.FinishActivation(activating)
}

// openLive opens the active generation, if it can go on as it is; if it cannot,
// run rebuilds it.
func (p *pipeline) openLive(ctx context.Context) error {
	active, _, err := p.store.Generations()
	if err != nil {
		return err
	}
	kept, err := p.activeOrFirst(active)
	if err != nil {
		return err
	}
	if kept.Mark().Identity != p.identity {
		return nil
	}
	g, err := p.openGeneration(ctx, kept)
	if by, ok := replacedBy(err); ok && kept.Mark().Position == 0 { // that of a state which is no more
		p.warnOfStranger()
		return p.store.Reserve(by)
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

func (p *pipeline) warnOfStranger() {
	p.opts.Logger.Warn("an executor serves a read model of another origin: rebuilding", "pipeline", p.spec.Name)
}

func (p *pipeline) activeOrFirst(active uint64) (*checkpoint.Generation, error) {
	if active == 0 {
		return p.store.Create(p.identity, p.module)
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

// dropLeftovers removes the generations of replays that did not come to their
// end. One that does not go away, such as one of a sink that is out of reach,
// stops nothing: it stays for the next start, and the next swap removes it.
func (p *pipeline) dropLeftovers(ctx context.Context) error {
	active, _, err := p.store.Generations()
	if err != nil {
		return err
	}
	all, err := p.store.All()
	if err != nil {
		return err
	}
	for _, number := range all {
		if number == active {
			continue
		}
		if err := p.discard(ctx, number); err != nil {
			p.opts.Logger.Warn("what a replay has left stays for now", "pipeline", p.spec.Name, "generation", number, "error", err)
		}
	}
	return ctx.Err()
}

// discard removes a generation that is not active.
func (p *pipeline) discard(ctx context.Context, number uint64) error {
	executors, err := p.openExecutors(ctx, number)
	if err != nil {
		return err
	}
	if err := discardAll(ctx, executors); err != nil {
		return fmt.Errorf("discarding generation %d: %w", number, errors.Join(err, closeAll(executors)))
	}
	return p.store.Drop(number)
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
func (p *pipeline) openGeneration(ctx context.Context, kept *checkpoint.Generation) (*generation, error) {
	if err := kept.Verify(); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", p.spec.Name, err)
	}
	plugin, err := p.instantiate(ctx)
	if err != nil {
		return nil, err
	}
	executors, err := p.openExecutors(ctx, kept.Number())
	if err != nil {
		return nil, errors.Join(err, plugin.Close(ctx))
	}
	selection := feed.Select(p.manifest.Events, p.spec.Source.Events, p.spec.Source.Aggregates)
	g := &generation{
		pipeline:    p.spec.Name,
		opts:        p.opts,
		manifest:    p.manifest,
		executors:   executors,
		specs:       p.spec.Executors,
		names:       executorNames(p.spec.Executors),
		instantiate: p.instantiate,
		asking:      make(chan struct{}, 1),
		plugin:      plugin,
		builder:     feed.NewBuilder(&p.manifest, selection, p.spec.Projection.Key),
		kept:        kept,
		hasher:      root.NewHasher(),
		policy:      p.policy,
	}
	g.builder.SetPipeline(p.spec.Name)
	if err := g.restore(ctx); err != nil {
		return nil, errors.Join(err, g.close(ctx))
	}
	return g, nil
}

func (p *pipeline) openExecutors(ctx context.Context, generation uint64) ([]Executor, error) {
	var executors []Executor
	for _, spec := range p.spec.Executors {
		x, err := p.opts.OpenExecutor(ctx, spec, p.spec.Name, generation)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("pipeline %s: opening its executors: %w", p.spec.Name, err), closeAll(executors))
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
