package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/refold-dev/refold/engine/config"
)

// Reloaded is what has become of an engine's pipelines, by their names.
type Reloaded struct {
	// Unchanged go on as if nothing had been. Changed go on from where they were, as they
	// are declared now, Added begin, or go on where they were retired, and Retired are run
	// no more.
	Unchanged []string `json:"unchanged"`
	Changed   []string `json:"changed"`
	Added     []string `json:"added"`
	Retired   []string `json:"retired"`
	// Failed are those of Changed and Added that stand still, and why.
	Failed []Unopened `json:"failed,omitempty"`
}

// Unopened is a pipeline that could not be opened as it is declared.
type Unopened struct {
	Pipeline string `json:"pipeline"`
	Error    string `json:"error"`
}

// Reload has the engine run other pipelines than before, whether it runs now or not. All
// are loaded first; on an error nothing has changed. Then what is declared no more is
// retired, what is declared otherwise, or made of other files, is stopped behind a
// checkpoint and opened anew, as its on_change says, and what is new is opened. Nobody
// else is disturbed. What cannot be opened stands still, as behind any other fault, and
// is told of.
//
// A replay job of a pipeline that changes is interrupted, and goes on for the present
// declaration: from its last checkpoint, if that makes the same read model, else from the
// log's beginning. One that builds a change that there is no more is cancelled. One of a
// pipeline that is retired waits in the queue until the pipeline is back.
//
// Once the pipelines have been loaded ctx does not call it off. One reload waits for
// another.
func (e *Engine) Reload(ctx context.Context, specs []config.Pipeline) (Reloaded, error) {
	select {
	case e.reloading <- struct{}{}:
		defer func() { <-e.reloading }()
	case <-ctx.Done():
		return Reloaded{}, fmt.Errorf("waiting for another reload to end: %w", ctx.Err())
	}
	loaded, err := e.load(ctx, specs)
	if err != nil {
		return Reloaded{}, err
	}
	r := e.compare(loaded)
	r.apply(context.WithoutCancel(ctx))
	return r.done, nil
}

// reload is a reload on its way.
type reload struct {
	engine  *Engine
	changed map[*pipeline]*declaration
	added   []*declaration
	gone    []*pipeline
	order   []string // of declaration

	mu   sync.Mutex
	done Reloaded
}

// compare finds out what is to be done.
func (e *Engine) compare(loaded []*declaration) *reload {
	r := &reload{engine: e, changed: map[*pipeline]*declaration{}}
	r.done = Reloaded{Unchanged: []string{}, Changed: []string{}, Added: []string{}, Retired: []string{}}
	r.gone = slices.Clone(e.list())
	for _, d := range loaded {
		name := d.spec.Name
		r.order = append(r.order, name)
		at := slices.IndexFunc(r.gone, func(p *pipeline) bool { return p.name == name })
		if at < 0 {
			r.added = append(r.added, d)
			r.done.Added = append(r.done.Added, name)
			continue
		}
		p := r.gone[at]
		r.gone = slices.Delete(r.gone, at, at+1)
		if p.declaration().is(d) {
			r.done.Unchanged = append(r.done.Unchanged, name)
			continue
		}
		r.changed[p] = d
		r.done.Changed = append(r.done.Changed, name)
	}
	for _, p := range r.gone {
		r.done.Retired = append(r.done.Retired, p.name)
	}
	return r
}

// apply stops first what others may want to take over: a table, or a folder.
func (r *reload) apply(ctx context.Context) {
	var wg sync.WaitGroup
	for _, p := range r.gone {
		wg.Go(func() { r.engine.dismiss(ctx, p) })
	}
	wg.Wait()
	for p, d := range r.changed {
		wg.Go(func() { r.failed(p.name, r.engine.redeclare(ctx, p, d)) })
	}
	wg.Wait()
	for _, d := range r.added {
		wg.Go(func() { r.failed(d.spec.Name, r.engine.admit(ctx, d)) })
	}
	wg.Wait()
	r.engine.arrange(r.order)
}

func (r *reload) failed(name string, err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done.Failed = append(r.done.Failed, Unopened{name, err.Error()})
}

// dismiss retires a pipeline.
func (e *Engine) dismiss(ctx context.Context, p *pipeline) {
	e.mu.Lock()
	e.pipelines = slices.DeleteFunc(slices.Clone(e.pipelines), func(other *pipeline) bool { return other == p })
	e.retired = append(slices.Clone(e.retired), retired{p.declaration().spec, Status{Pipeline: p.name, State: Retired}})
	halt := p.halt
	e.mu.Unlock()
	p.leave()
	if halt != nil {
		halt()
	}
	p.work <- struct{}{} // for good: nobody folds any more
	p.life.become(inStop, nil)
	if err := p.close(ctx); err != nil {
		e.opts.Logger.Warn("closing a retired pipeline", "pipeline", p.name, "error", err)
	}
	r := e.retire(ctx, p.declared.spec)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.retired = slices.Clone(e.retired)
	e.retired[slices.IndexFunc(e.retired, isOf(p.name))] = r
}

// redeclare has a pipeline go on as it is declared now, in the run under way or without
// one.
func (e *Engine) redeclare(ctx context.Context, p *pipeline, d *declaration) error {
	for {
		err := e.order(ctx, p, request{input: inRedeclare, declared: d})
		if !errors.Is(err, ErrStopped) {
			return err
		}
	}
}

// admit opens a pipeline that is new, or back, and has the run under way take it.
func (e *Engine) admit(ctx context.Context, d *declaration) error {
	p := newPipeline(d, &e.opts, e.jobs, e.goOn)
	if err := p.open(ctx); err != nil {
		return errors.Join(err, p.close(ctx))
	}
	err := p.faulted()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pipelines = append(slices.Clone(e.pipelines), p)
	e.retired = slices.DeleteFunc(slices.Clone(e.retired), isOf(p.name))
	if e.running != nil {
		e.running.work(e.jobs.open(p.name))
		e.running.take(p)
	}
	return err
}

// arrange puts the pipelines into the order of their declaration.
func (e *Engine) arrange(order []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pipelines = slices.SortedStableFunc(slices.Values(e.pipelines), func(a, b *pipeline) int {
		return slices.Index(order, a.name) - slices.Index(order, b.name)
	})
}
