package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/job"
)

// rebuild builds what the pipeline is to serve where nothing of its present
// declaration does, and no live run is under way.
func (p *pipeline) rebuild(ctx context.Context) error { return p.buildFor(ctx, job.Change) }

// rebuildReset builds what the pipeline is to serve when it has been reset.
func (p *pipeline) rebuildReset(ctx context.Context) error { return p.buildFor(ctx, job.Reset) }

// buildFor builds where nothing serves, by the job that there is already, or a new
// one.
func (p *pipeline) buildFor(ctx context.Context, why string) error {
	if !p.serves() {
		p.life.become(inRebuild, nil)
	}
	one, err := p.jobs.adopt(p.name, why)
	if err == nil {
		err = p.turnOf(ctx, one.ID)
	}
	if err == nil {
		return p.replay(ctx, one.ID, nil)
	}
	if errors.Is(context.Cause(ctx), errCalledOff) {
		_, _ = p.jobs.step(one.ID, job.Cancel, errCalledOff) // it may have ended
	}
	return err
}

// turnOf waits until a job runs. Another one of the pipeline's that has its turn before, to
// build a read model as it was, is worked meanwhile: nobody else would.
func (p *pipeline) turnOf(ctx context.Context, id uuid.UUID) error {
	waiting, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	got := make(chan error, 1)
	go func() { got <- p.jobs.turn(waiting, nil, id) }()
	for {
		select {
		case err := <-got:
			return err
		case r := <-p.turns:
			r.done <- p.replay(ctx, r.job, nil)
		}
	}
}

// replay works a job that has its turn: it folds the log from its beginning, or from
// where the job was left, into a generation of its own while the live one goes on,
// then puts the new one in its place. live may be nil, when none runs. The pipeline
// is faulted by a failure that leaves nothing to serve.
func (p *pipeline) replay(ctx context.Context, id uuid.UUID, live *liveRun) error {
	ctx, w, one, ok := p.jobs.begin(ctx, id)
	if !ok { // somebody else has worked it, or it is held
		return p.jobs.outcome(one)
	}
	defer p.jobs.release(id, w)
	if done, err := p.isServed(one); done || err != nil {
		return err
	}
	if one.Travels() {
		return p.travel(ctx, w, one)
	}
	serves := p.serves()
	if !serves {
		p.life.become(inRebuild, nil)
	}
	at := p.paceOf(one)
	next, err := p.build(ctx, w, one, at, func(next *generation) error {
		return p.fill(ctx, next, live, func(head event.Position) error { return p.aim(one, head) })
	})
	if err == nil {
		err = p.settle(context.WithoutCancel(ctx), next, at)
	}
	if err != nil {
		return p.abandon(ctx, one, next, fmt.Errorf("pipeline %s: replaying: %w", p.name, err), serves)
	}
	if err := p.swap(context.WithoutCancel(ctx), next); err != nil {
		err = errors.Join(err, next.close(context.WithoutCancel(ctx)))
		err = fmt.Errorf("pipeline %s: swapping the read models, which the next start mends: %w", p.name, err)
		_, failure := p.jobs.step(id, job.Fail, err)
		return p.fault(errors.Join(err, failure))
	}
	if _, err := p.jobs.step(id, job.Finish, nil); err != nil { // the next start finds that it is done
		p.opts.Logger.Warn("that a replay is done is not on disk", "pipeline", p.name, "job", id.String(), "error", err)
	}
	return nil
}

// serves reports whether what readers see goes on, in whatever declaration's way. What
// a pause has left to be read alone goes on when it is opened again.
func (p *pipeline) serves() bool { return p.live != nil && (p.live.folds || p.stale) }

// isServed finds out whether what a job builds has come to serve before a crash kept
// that from being noted.
func (p *pipeline) isServed(one job.Job) (bool, error) {
	active, _, err := p.store.Generations()
	if err != nil || one.Generation == 0 || one.Generation != active {
		return false, err
	}
	_, err = p.jobs.step(one.ID, job.Finish, nil)
	return true, err
}

// abandon ends the work on a job that is not done. What is interrupted or paused
// keeps what it has built; what is cancelled or has failed leaves no trace.
func (p *pipeline) abandon(ctx context.Context, one job.Job, next *generation, err error, serves bool) error {
	in := endOf(ctx)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	one, failure := p.jobs.step(one.ID, in, err)
	err = errors.Join(err, failure)
	cleaning := context.WithoutCancel(ctx)
	if ended := failure == nil && one.State.Ended(); ended {
		err = errors.Join(err, p.remove(cleaning, one, next))
	} else if next != nil {
		err = errors.Join(err, next.close(cleaning))
	}
	switch {
	case in != job.Fail && !errors.Is(err, errJobCancelled):
	case !serves:
		return p.fault(err)
	default:
		p.noteUnbuilt(err)
	}
	return err
}

// endOf is what becomes of a job that is not done, when ctx is done or an error has
// ended it.
func endOf(ctx context.Context) job.Input {
	switch {
	case ctx.Err() == nil:
		return job.Fail
	case context.Cause(ctx) == errJobPaused:
		return job.Pause
	case context.Cause(ctx) == errJobCancelled, context.Cause(ctx) == errCalledOff:
		return job.Cancel
	}
	return job.Interrupt
}

// remove removes what a job has built; next is that, if it is open.
func (p *pipeline) remove(ctx context.Context, one job.Job, next *generation) error {
	switch {
	case next != nil:
		return errors.Join(discardAll(ctx, next.executors), next.close(ctx), p.store.Drop(next.kept.Number()))
	case one.Generation != 0:
		return p.discard(ctx, one.Generation)
	}
	return nil
}

// aim notes where a job goes to.
func (p *pipeline) aim(one job.Job, target event.Position) error {
	return p.jobs.note(one.ID, func(one *job.Job) { one.Target = target })
}

// build has the job's generation filled. What it returns beside an error is as far as
// it has come.
func (p *pipeline) build(ctx context.Context, w *work, one job.Job, at pace, fill func(*generation) error) (*generation, error) {
	kept, fresh, err := p.generationOf(ctx, one)
	if err != nil {
		return nil, err
	}
	next, err := p.openGeneration(ctx, kept, p.declaredFor(at))
	if err != nil {
		return nil, err
	}
	if at := next.furthest(); at > 0 && fresh {
		return next, fmt.Errorf("an executor has a generation %d already, up to position %d", kept.Number(), at)
	}
	next.slowDown(at)
	p.jobs.show(w, next)
	return next, fill(next)
}

// generationOf is the one that a job builds: a fresh one or, if that is of the
// pipeline as it is declared, the one that it has begun.
func (p *pipeline) generationOf(ctx context.Context, one job.Job) (kept *checkpoint.Generation, fresh bool, err error) {
	all, err := p.store.All()
	if err != nil {
		return nil, false, err
	}
	if slices.Contains(all, one.Generation) {
		if kept, err = p.store.Generation(one.Generation); err != nil || kept.Mark().Identity == p.declared.identity {
			return kept, false, err
		}
		p.opts.Logger.Info("the pipeline has changed: its replay begins anew", "pipeline", p.name, "job", one.ID.String())
		if err := p.discard(ctx, one.Generation); err != nil { // the next start tries again
			p.opts.Logger.Warn("what a replay has left stays for now", "pipeline", p.name, "generation", one.Generation, "error", err)
		}
	}
	if kept, err = p.create(); err != nil {
		return nil, false, err
	}
	return kept, true, p.jobs.note(one.ID, func(one *job.Job) { one.Generation, one.Position = kept.Number(), 0 })
}

// fill brings the next generation to the log's head, first beside the live one,
// then, for the rest, with the live one stopped.
// aim, if not nil, is told each time where that is.
func (p *pipeline) fill(ctx context.Context, next *generation, live *liveRun, aim func(head event.Position) error) error {
	for _, alone := range []bool{false, true} {
		if alone && live != nil {
			live.stop()
		}
		head, err := p.opts.Log.Head(ctx)
		if err != nil {
			return err
		}
		if aim != nil {
			if err := aim(head); err != nil {
				return err
			}
		}
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
	p.watch.serve(next)
	if next.kept.Mark().Identity != p.declared.identity {
		p.change = rolledBack(back)
		return nil
	}
	return p.endRollback(back)
}
