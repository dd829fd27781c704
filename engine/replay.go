package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refold-dev/refold/domain/event"
)

// replay is a rebuild on its way, or the last one that came to its end.
type replay struct {
	next   *generation
	began  time.Time
	target event.Position
	final  *Replay // nil while it is on its way
}

func (r *replay) status(pipeline string, now time.Time) *Replay {
	if r.final != nil {
		done := *r.final
		return &done
	}
	at := r.next.position()
	return &Replay{
		Pipeline:        pipeline,
		Generation:      r.next.kept.Number(),
		Position:        at,
		Target:          r.target,
		EventsPerSecond: float64(at) / max(now.Sub(r.began).Seconds(), 1e-9),
	}
}

// rebuild folds the log from its beginning into a new generation while the live
// one goes on, then puts the new one in its place. live may be nil, when none
// runs. The pipeline is faulted by a rebuild that leaves nothing to serve.
func (p *pipeline) rebuild(ctx context.Context, live *liveRun) error {
	folds := p.live != nil && p.live.folds
	if !folds {
		p.life.become(inRebuild, nil)
	}
	next, err := p.build(ctx, live)
	if err != nil {
		p.setReplay(nil, 0)
		err = fmt.Errorf("pipeline %s: replaying: %w", p.spec.Name, err)
		if !folds && ctx.Err() == nil {
			return p.fault(err)
		}
		if ctx.Err() == nil {
			p.noteUnbuilt(err)
		}
		return err
	}
	if err := p.swap(context.WithoutCancel(ctx), next); err != nil {
		p.setReplay(nil, 0)
		err = errors.Join(err, next.close(context.WithoutCancel(ctx)))
		return p.fault(fmt.Errorf("pipeline %s: swapping the read models, which the next start mends: %w", p.spec.Name, err))
	}
	return nil
}

// build makes the next generation and brings it to the log's head, or leaves no
// trace of it.
func (p *pipeline) build(ctx context.Context, live *liveRun) (*generation, error) {
	kept, err := p.create()
	if err != nil {
		return nil, err
	}
	cleaning := context.WithoutCancel(ctx)
	next, err := p.openGeneration(ctx, kept, p.declared)
	if err != nil {
		return nil, errors.Join(err, p.discard(cleaning, kept.Number()))
	}
	if at := next.furthest(); at > 0 {
		err = fmt.Errorf("an executor has a generation %d already, up to position %d", kept.Number(), at)
	} else {
		err = p.fill(ctx, next, live)
	}
	if err != nil {
		err = errors.Join(err, discardAll(cleaning, next.executors), next.close(cleaning), p.store.Drop(kept.Number()))
		return nil, err
	}
	return next, nil
}

// fill brings the next generation to the log's head, first beside the live one,
// then, for the rest, with the live one stopped.
func (p *pipeline) fill(ctx context.Context, next *generation, live *liveRun) error {
	r := &replay{next: next, began: p.opts.Now()}
	for _, alone := range []bool{false, true} {
		if alone && live != nil {
			live.stop()
		}
		head, err := p.opts.Log.Head(ctx)
		if err != nil {
			return err
		}
		p.setReplay(r, head)
		target, err := p.suppress(next, head, alone || live == nil)
		if err != nil {
			return err
		}
		if err := next.follow(ctx, target, 0, nil); err != nil {
			return err
		}
		if next.position() < target {
			return fmt.Errorf("stopped at position %d of %d: %w", next.position(), head, context.Cause(ctx))
		}
	}
	return nil
}

// suppress keeps from those executors of the next generation that are not to
// perform a replay's effects what the active one has had performed. It returns the
// position to fold up to, at most head: beyond what the active one has come to
// while it still runs, both would perform the effects.
func (p *pipeline) suppress(next *generation, head event.Position, alone bool) (until event.Position, err error) {
	active, _, err := p.store.Generations()
	if err != nil || active == next.kept.Number() {
		return head, err
	}
	kept, err := p.store.Generation(active)
	if err != nil {
		return 0, err
	}
	owed, err := owedBy(kept)
	if err != nil {
		return 0, err
	}
	performed := kept.Mark().Position
	suppressing := false
	for _, o := range next.outlets {
		suppressing = o.SuppressThrough(performed, owed.is) || suppressing
	}
	if suppressing && !alone {
		return min(head, performed), nil
	}
	return head, nil
}

// swap makes the next generation the live one. From BeginActivation on, a crash
// is mended forwards, by finishActivation.
func (p *pipeline) swap(ctx context.Context, next *generation) error {
	old := p.live
	if old != nil {
		if err := closeAll(old.executors); err != nil {
			return err
		}
	}
	keep, err := p.keepsBefore(next)
	if err != nil {
		return err
	}
	if err := p.store.BeginActivation(next.kept.Number(), keep); err != nil {
		return err
	}
	if err := activateAll(ctx, next.executors); err != nil {
		return err
	}
	if err := p.exchange(next); err != nil {
		return err
	}
	p.life.become(inSwap, nil)
	p.release(ctx, old)
	p.retain(ctx)
	return p.dropSurplus(ctx)
}

// exchange makes next the active generation, and has readers see it: who asks in
// between waits.
func (p *pipeline) exchange(next *generation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	back, err := p.store.Rollback()
	if err != nil {
		return err
	}
	if err := p.store.FinishActivation(next.kept.Number(), p.opts.Now()); err != nil {
		return err
	}
	p.live, p.stale, p.outdated, p.change = next, false, false, nil
	if next.kept.Mark().Identity != p.declared.identity {
		p.change = rolledBack(back)
	} else if err := p.endRollback(back); err != nil {
		return err
	}
	done := p.replay.status(p.spec.Name, p.opts.Now())
	done.Done = true
	p.replay.final, p.replay.next = done, nil
	return nil
}

func (p *pipeline) setReplay(r *replay, target event.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.replay = r; r != nil {
		r.target = target
	}
}
