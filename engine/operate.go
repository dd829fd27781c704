package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// request is what an operator asks of a running pipeline.
type request struct {
	input  Input
	reason string
	// generation is which one is to serve again, or to go.
	generation uint64
	// job is the one that a replay works.
	job uuid.UUID
	// declared is how the pipeline is declared from now on.
	declared *declaration
	// letters is what is to be done about dead letters.
	letters func(context.Context, *generation) error
	done    chan error // of capacity 1
}

// Pause stops a pipeline behind its last checkpoint until a Resume, across
// restarts. A rebuild that is under way is called off. The reason is for those
// who look, and may be empty.
func (e *Engine) Pause(ctx context.Context, name, reason string) error {
	return e.ask(ctx, name, request{input: inPause, reason: reason})
}

// Resume has a paused or faulted pipeline go on from its last checkpoint, with
// plugin and executors opened anew: at once if the engine runs, and else when it
// does.
func (e *Engine) Resume(ctx context.Context, name string) error {
	return e.ask(ctx, name, request{input: inResume})
}

// Reset throws a pipeline's read model away, and builds it from the beginning of
// the log: readers see an empty one until the new one has caught up. It ends a
// pause and a fault. What is thrown away does not come back: should the rebuild
// end early, the next start begins it again.
func (e *Engine) Reset(ctx context.Context, name string) error {
	return e.ask(ctx, name, request{input: inReset})
}

// ask has a pipeline do what an operator wants, in the run that is under way or,
// without one, here.
func (e *Engine) ask(ctx context.Context, name string, r request) error {
	for {
		p, err := e.pipeline(name)
		if err != nil {
			return err
		}
		if err := e.order(ctx, p, r); !errors.Is(err, errLeft) {
			return err
		}
	}
}

// order is ask for a pipeline at hand. The error is errLeft if it is retired before it
// takes the order.
func (e *Engine) order(ctx context.Context, p *pipeline, r request) error {
	ended, begins := e.underWay()
	for ended == nil {
		err := p.performAlone(ctx, begins, r)
		if !errors.Is(err, errBegun) {
			return err
		}
		ended, begins = e.underWay()
	}
	r.done = make(chan error, 1)
	select {
	case p.orders <- r:
	case <-p.there.Done():
		return errLeft
	case <-ended:
		return fmt.Errorf("pipeline %s does not take the %s: %w", p.name, r.input, ErrStopped)
	case <-ctx.Done():
		return fmt.Errorf("waiting for pipeline %s to take the %s: %w", p.name, r.input, ctx.Err())
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the %s of %s goes on in the engine: %w", r.input, p.name, ctx.Err())
	}
}

// perform does what a request asks for, beside a live run or in its place.
func (p *pipeline) perform(ctx context.Context, r request, live *liveRun) error {
	switch r.input {
	case inReplay:
		return p.interruptible(ctx, r, live, func(ctx context.Context) error { return p.replay(ctx, r.job, live) })
	case inRollback:
		return p.interruptible(ctx, r, live, func(ctx context.Context) error { return p.rollback(ctx, r.generation, live) })
	}
	live.stop()
	switch r.input {
	case inPause:
		return p.pause(ctx, r.reason)
	case inResume:
		if err := p.resume(); err != nil {
			return err
		}
		return p.reopen(ctx)
	case inRedeclare:
		return p.redeclare(ctx, r.declared)
	case inDiscard:
		return p.dropKept(ctx, r.generation)
	case inRetry, inDrop:
		return p.aboutDeadLetters(ctx, r.letters)
	}
	return p.reset(ctx, p.unlessOrdered(p.rebuildReset))
}

var (
	// errBegun is why a request is not performed alone: a run of the engine has begun,
	// and takes it.
	errBegun = errors.New("the engine runs")
	// errLeft is why one is not performed at all: the configuration has the pipeline no
	// more.
	errLeft = errors.New("the pipeline is retired")
)

// performAlone does it while no engine runs.
func (p *pipeline) performAlone(ctx context.Context, begins <-chan struct{}, r request) error {
	if err := p.begin(ctx, begins); err != nil {
		return err
	}
	defer p.end()
	if err := p.takes(r.input); err != nil {
		return err
	}
	switch r.input {
	case inPause:
		return p.pause(ctx, r.reason)
	case inResume:
		return p.resume()
	case inRedeclare:
		return p.redeclare(ctx, r.declared)
	case inRetry, inDrop:
		return p.aboutDeadLetters(ctx, r.letters)
	case inDiscard:
		return p.dropKept(ctx, r.generation)
	}
	defer p.life.become(inStop, nil)
	switch r.input {
	case inReset:
		return p.reset(ctx, p.rebuildReset)
	case inRollback:
		return p.rollback(ctx, r.generation, nil)
	}
	return p.replay(ctx, r.job, nil)
}

// resume lets the pipeline go on, with whatever file of states is there by now, where that
// is shut.
func (p *pipeline) resume() error {
	if p.store.WhyShut() != nil {
		if _, err := p.openState(); err != nil {
			return err
		}
	}
	return p.life.ask(inResume, "")
}

// pause holds the pipeline, whose live run has ended. What it serves is read
// from its last checkpoint from now on, and no executor stays open.
func (p *pipeline) pause(ctx context.Context, reason string) error {
	if err := p.life.ask(inPause, reason); err != nil {
		return err
	}
	if err := p.openReader(context.WithoutCancel(ctx)); err != nil {
		p.opts.Logger.Warn("what the paused pipeline serves keeps its executors", "pipeline", p.name, "error", err)
	}
	return nil
}

// openReader opens what a paused pipeline serves, without executors.
func (p *pipeline) openReader(ctx context.Context) error {
	p.stale = true
	kept, err := served(p.store)
	if err != nil || kept == nil {
		return err
	}
	return p.read(ctx, kept)
}

// reopen opens plugin and executors anew and goes on from the last checkpoint,
// as a start does.
func (p *pipeline) reopen(ctx context.Context) error {
	p.life.become(inLoad, nil)
	before := p.serving()
	if before != nil { // its plugin goes on answering
		if err := closeAll(before.executors); err != nil {
			p.opts.Logger.Warn("closing the executors from before", "pipeline", p.name, "error", err)
		}
	}
	if err := p.recover(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return p.faultUnopened(err)
	}
	if p.live == before {
		p.serve(nil)
	}
	p.stale, p.reopening = false, reopening{}
	p.release(ctx, before)
	return nil
}

// release closes a generation that serves no more; nil is none.
func (p *pipeline) release(ctx context.Context, before *generation) {
	if before == nil {
		return
	}
	if err := before.close(context.WithoutCancel(ctx)); err != nil {
		p.opts.Logger.Warn("closing the generation before", "pipeline", p.name, "error", err)
	}
}
