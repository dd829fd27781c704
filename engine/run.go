package engine

import (
	"context"
	"errors"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/job"
)

// catchUp brings the pipeline to a position. A paused pipeline it leaves alone.
func (p *pipeline) catchUp(ctx context.Context, until event.Position) error {
	if err := p.begin(ctx, nil); err != nil {
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
		return 0, p.fault(&TruncatedError{Pipeline: p.spec.Name, Position: at, Head: head})
	}
	return head, nil
}

// prepare opens what is stale again, and rebuilds what serves nothing.
func (p *pipeline) prepare(ctx context.Context, rebuild func(context.Context) error) error {
	if p.stale {
		if err := p.reload(ctx); err != nil {
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
			_ = p.prepare(ctx, p.orPause(p.rebuild)) // whoever wants the error finds it in the status
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
	one, err := p.jobs.adopt(p.spec.Name, job.Change)
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
				p.opts.Logger.Warn("what is kept too long stays for now", "pipeline", p.spec.Name, "error", err)
			}
			continue
		case r = <-p.pauses:
		case r = <-p.requests:
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

// refuses reports why the pipeline's state does not allow a request. A job that has
// its turn may be what a pipeline waits for that serves nothing.
func (p *pipeline) refuses(r request) error {
	if r.input == inReplay && p.life.state() == Rebuilding {
		return nil
	}
	return p.life.takes(r.input)
}

// errCalledOff is why a rebuild that a pause has called off ends.
var errCalledOff = errors.New("the pipeline is paused")

// orPause is a build where nothing serves, unless a pause calls that off.
func (p *pipeline) orPause(build func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error { return p.unlessPaused(ctx, nil, build) }
}

// unlessPaused does something that a pause of the pipeline calls off.
func (p *pipeline) unlessPaused(ctx context.Context, live *liveRun, do func(context.Context) error) error {
	ctx, callOff := context.WithCancelCause(ctx)
	defer callOff(nil)
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	select {
	case err := <-done:
		return err
	case r := <-p.pauses:
		callOff(errCalledOff)
		err := <-done
		live.stop()
		r.done <- p.pause(context.WithoutCancel(ctx), r.reason)
		return err
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
