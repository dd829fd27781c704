package engine

import (
	"context"
	"errors"
	"sync"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/job"
)

// run is a run of the engine. Who calls its methods holds the engine's mu.
type run struct {
	engine    *Engine
	ctx       context.Context
	stopping  bool          // no more pipelines are taken
	ended     chan struct{} // closed when it has ended
	pipelines sync.WaitGroup
	drivers   sync.WaitGroup // of jobs
}

// Run keeps all pipelines live until ctx is done, and returns after their last
// checkpoints. The replay jobs that have not ended go on from theirs.
func (e *Engine) Run(ctx context.Context) {
	r := e.beginRun(ctx)
	<-ctx.Done()
	e.mu.Lock()
	r.stopping = true
	e.mu.Unlock()
	r.pipelines.Wait()
	e.mu.Lock()
	e.running = nil
	close(r.ended)
	e.mu.Unlock()
	r.drivers.Wait()
}

// beginRun tells everybody of a run that begins. It works the jobs that are queued, and
// those to come.
func (e *Engine) beginRun(ctx context.Context) *run {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := &run{engine: e, ctx: ctx, ended: make(chan struct{})}
	e.running = r
	close(e.begins)
	e.begins = make(chan struct{})
	r.work(e.jobs.all())
	for _, p := range e.pipelines {
		r.take(p)
	}
	return r
}

// work drives those of the jobs that are in the queue.
func (r *run) work(list []job.Job) {
	for _, one := range list {
		if one.State == job.Queued || one.State == job.Running {
			r.drive(one.ID)
		}
	}
}

// take has the run keep a pipeline live.
func (r *run) take(p *pipeline) {
	if r.stopping {
		return
	}
	ctx, stop := context.WithCancel(r.ctx)
	ended := make(chan struct{})
	p.halt = func() {
		stop()
		<-ended
	}
	r.pipelines.Go(func() {
		defer close(ended)
		defer stop()
		p.run(ctx)
	})
}

// drive has the run work a job.
func (r *run) drive(id uuid.UUID) {
	jobs := r.engine.jobs
	jobs.await(id, 1) // before those behind it do
	r.drivers.Go(func() {
		defer jobs.await(id, -1)
		r.engine.driveJob(r.ctx, id)
	})
}

// underWay returns what is closed when the run under way has ended, nil if none is, and
// what is closed when the next one begins.
func (e *Engine) underWay() (ended, begins <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running != nil {
		ended = e.running.ended
	}
	return ended, e.begins
}

// catchUp brings the pipeline to a position. A paused pipeline it leaves alone.
func (p *pipeline) catchUp(ctx context.Context, until event.Position) error {
	if err := p.begin(ctx, nil); errors.Is(err, errLeft) {
		return nil // nobody wants it any more
	} else if err != nil {
		return err
	}
	defer p.end()
	if p.life.state() == Paused {
		return nil
	}
	if err := p.faulted(); err != nil {
		return err
	}
	defer p.life.become(inStop, nil)
	if err := p.prepare(ctx, p.rebuild); err != nil {
		return err
	}
	if p.outdated {
		if err := p.rebuild(ctx); err != nil {
			return err
		}
	}
	p.life.become(inStart, nil)
	if _, err := p.head(ctx); err != nil {
		return err
	}
	if err := p.live.performOwed(ctx); err != nil {
		return p.fault(err)
	}
	if err := p.live.follow(ctx, until, 0, nil); err != nil {
		return p.fault(err)
	}
	return ctx.Err()
}

// head is the log's last position. A log that ends before what has been folded
// is not the one that it was.
func (p *pipeline) head(ctx context.Context) (event.Position, error) {
	head, err := p.opts.Log.Head(ctx)
	if err != nil {
		if ctx.Err() == nil {
			err = p.fault(err)
		}
		return 0, err
	}
	if at := p.live.furthest(); at > head {
		return 0, p.fault(&TruncatedError{Pipeline: p.name, Position: at, Head: head})
	}
	return head, nil
}

// prepare opens what is stale again, and rebuilds what serves nothing.
func (p *pipeline) prepare(ctx context.Context, rebuild func(context.Context) error) error {
	if p.stale {
		if err := p.reopen(ctx); err != nil {
			return err
		}
	}
	if p.live == nil || !p.live.folds {
		return rebuild(ctx)
	}
	return nil
}

// run keeps the pipeline live until ctx is done, and performs what operators ask
// for. A paused or faulted pipeline waits for them.
func (p *pipeline) run(ctx context.Context) {
	if p.begin(ctx, nil) != nil {
		return
	}
	defer p.end()
	defer p.life.become(inStop, nil)
	for ctx.Err() == nil {
		if p.life.can(inStart) {
			_ = p.prepare(ctx, p.unlessOrdered(p.rebuild)) // whoever wants the error finds it in the status
		}
		if p.life.can(inStart) && (p.stale || p.live == nil || !p.live.folds) {
			continue // an order has come first
		}
		live := p.startLive(ctx)
		p.replaceOutdated()
		p.attend(ctx, live)
		live.stop()
	}
}

// replaceOutdated sees to a job that builds the present declaration's read model while
// another one's serves, unless that has failed.
func (p *pipeline) replaceOutdated() {
	if !p.outdated || p.tried || !p.life.can(inReplay) {
		return
	}
	p.tried = true
	one, err := p.jobs.adopt(p.name, job.Change)
	switch {
	case err == nil:
		p.drive(one.ID)
	case !errors.Is(err, errJobPaused): // who holds it knows
		p.noteUnbuilt(err)
	}
}

// attend waits for something that the pipeline's state allows, and does it. What
// it refuses does not disturb the live run.
func (p *pipeline) attend(ctx context.Context, live *liveRun) {
	for {
		var r request
		select {
		case <-ctx.Done():
			return
		case <-p.expiry():
			if err := p.dropSurplus(ctx); err != nil && ctx.Err() == nil {
				p.opts.Logger.Warn("what is kept too long stays for now", "pipeline", p.name, "error", err)
			}
			continue
		case <-p.reopening.due:
			p.reopening.due = nil
			if p.life.state() != Faulted {
				continue
			}
			_ = p.reopen(ctx) // whoever wants the error finds it in the status
			return
		case r = <-p.orders:
		case r = <-p.turns:
		}
		if err := p.refuses(r); err != nil {
			r.done <- err
			continue
		}
		if r.input == inDiscard { // which is nothing to whoever folds
			r.done <- p.dropKept(ctx, r.generation)
			continue
		}
		r.done <- p.perform(ctx, r, live)
		return
	}
}

// liveRun is the live generation at work in a goroutine of its own.
type liveRun struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// stop waits until the live generation has made its last checkpoint. Stopping
// twice is fine, and none as well.
func (r *liveRun) stop() {
	if r == nil {
		return
	}
	r.cancel()
	<-r.done
}

func (p *pipeline) startLive(ctx context.Context) *liveRun {
	ctx, cancel := context.WithCancel(ctx)
	r := &liveRun{cancel, make(chan struct{})}
	go func() {
		defer close(r.done)
		if p.live == nil || !p.live.folds || !p.life.can(inStart) {
			return
		}
		p.life.become(inStart, nil)
		head, err := p.head(ctx)
		if err != nil {
			return
		}
		if err := p.live.performOwed(ctx); err != nil {
			if ctx.Err() == nil {
				_ = p.fault(err)
			}
			return
		}
		if err := p.live.follow(ctx, forever, head, func() { p.life.become(inCaughtUp, nil) }); err != nil {
			_ = p.fault(err)
		}
	}()
	return r
}
