package engine

import (
	"context"

	"github.com/refold-dev/refold/domain/event"
)

// catchUp brings the pipeline to a position.
func (p *pipeline) catchUp(ctx context.Context, until event.Position) error {
	if err := p.begin(ctx); err != nil {
		return err
	}
	defer p.end()
	if err := p.faulted(); err != nil {
		return err
	}
	defer p.become(Stopped)
	if p.live == nil {
		if err := p.rebuild(ctx, nil); err != nil {
			return err
		}
	}
	p.become(CatchingUp)
	if _, err := p.head(ctx); err != nil {
		return err
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

// run keeps the pipeline live until ctx is done. A faulted pipeline waits for a
// replay to mend it.
func (p *pipeline) run(ctx context.Context) {
	if p.begin(ctx) != nil {
		return
	}
	defer p.end()
	defer p.become(Stopped)
	if p.live == nil && p.faulted() == nil {
		_ = p.rebuild(ctx, nil) // whoever wants the error finds it in the status
	}
	for ctx.Err() == nil {
		live := p.startLive(ctx)
		select {
		case <-ctx.Done():
		case request := <-p.replays:
			request.done <- p.rebuild(ctx, live)
		}
		live.stop()
	}
}

// liveRun is the live generation at work in a goroutine of its own.
type liveRun struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// stop waits until the live generation has made its last checkpoint. Stopping
// twice is fine.
func (r *liveRun) stop() {
	r.cancel()
	<-r.done
}

func (p *pipeline) startLive(ctx context.Context) *liveRun {
	ctx, cancel := context.WithCancel(ctx)
	r := &liveRun{cancel, make(chan struct{})}
	go func() {
		defer close(r.done)
		if p.live == nil || p.faulted() != nil {
			return
		}
		p.become(CatchingUp)
		head, err := p.head(ctx)
		if err != nil {
			return
		}
		if err := p.live.follow(ctx, forever, head, func() { p.become(Live) }); err != nil {
			_ = p.fault(err)
		}
	}()
	return r
}
