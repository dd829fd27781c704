package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/job"
)

// Submit queues a replay, which builds a pipeline's read model from the beginning of
// the log, beside the live one, and swaps. The job is on disk then, and goes on
// without its caller: at once if the engine runs and none is before it, and else
// when it does. A pipeline that is paused refuses it.
//
// A request with Until is for a read model as it was: it is built beside the live one,
// and kept until it is dropped. A time is resolved here, to the position of the last
// event that had happened then.
func (e *Engine) Submit(ctx context.Context, r job.Request) (job.Job, error) {
	if err := r.Validate(); err != nil {
		return job.Job{}, err
	}
	p, err := e.pipeline(r.Pipeline)
	if err != nil {
		return job.Job{}, err
	}
	if r.Workers > 1 && p.declaration().spec.Projection.Process != nil {
		return job.Job{}, fmt.Errorf("pipeline %s: its projection is a process, which has no workers", r.Pipeline)
	}
	isBuilt := p.life.state() == Rebuilding && len(e.jobs.open(r.Pipeline)) > 0
	if err := p.refuses(request{input: inReplay}); err != nil || isBuilt {
		return job.Job{}, p.takes(inReplay)
	}
	if r.Travels() {
		if r.Until, err = e.until(ctx, r); err != nil {
			return job.Job{}, err
		}
	}
	one, err := e.jobs.submit(r, job.Replay)
	if err != nil {
		return one, err
	}
	e.goOn(one.ID)
	return one, nil
}

// until is the position up to which a request wants the read model.
func (e *Engine) until(ctx context.Context, r job.Request) (event.Position, error) {
	at, err := Moment{Position: r.Until, Time: r.UntilTime}.resolve(ctx, e.opts.Log)
	if err == nil && at == 0 {
		err = fmt.Errorf("nothing in the log had happened by %s", r.UntilTime.Format(time.RFC3339Nano))
	}
	return at, err
}

// goOn has the run under way, if there is one, work a job.
func (e *Engine) goOn(id uuid.UUID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running != nil {
		e.running.drive(id)
	}
}

// Jobs returns the replay jobs in the order of their submission: all that have not
// ended, and the latest of those that have.
func (e *Engine) Jobs() []job.Job { return e.jobs.all() }

// Job returns a replay job. The error is job.ErrUnknown if there is none.
func (e *Engine) Job(id uuid.UUID) (job.Job, error) { return e.jobs.look(id) }

// PauseJob has a job stop behind its last checkpoint, and go on only when it is
// resumed, in whatever process. The others go on.
func (e *Engine) PauseJob(ctx context.Context, id uuid.UUID) (job.Job, error) {
	return e.haltJob(ctx, id, job.Pause, errJobPaused)
}

// CancelJob ends a job. What it has built is removed.
func (e *Engine) CancelJob(ctx context.Context, id uuid.UUID) (job.Job, error) {
	before, err := e.jobs.look(id)
	if err != nil || before.State == job.Cancelled {
		return before, err
	}
	one, err := e.haltJob(ctx, id, job.Cancel, errJobCancelled)
	if err != nil || one.Generation == 0 {
		return one, err
	}
	p, ctx, release, err := e.use(ctx, one.Pipeline)
	if err != nil {
		return one, nil // when it is run again
	}
	defer release()
	if err := p.dropUnheld(context.WithoutCancel(ctx), one.Generation); err != nil {
		return one, fmt.Errorf("job %s is cancelled; what it has built stays for now: %w", id, err)
	}
	return one, nil
}

func (e *Engine) haltJob(ctx context.Context, id uuid.UUID, in job.Input, cause error) (job.Job, error) {
	for {
		one, err := e.jobs.halt(id, in, cause)
		if err != nil {
			return one, err
		}
		one, err = e.jobs.until(ctx, nil, id, func(s job.State) bool { return s != job.Running })
		switch {
		case err != nil:
			return one, fmt.Errorf("waiting for job %s to take the %s: %w", id, in, err)
		case one.State == job.Queued: // the engine has stopped before
		case one.State == job.Paused && in == job.Cancel: // somebody else was faster
		case in == job.Pause && one.State == job.Paused, in == job.Cancel && one.State == job.Cancelled:
			return one, nil
		default:
			return one, &job.RefusedError{ID: id, State: one.State, Input: in, Rule: "ended", Reason: "it has ended before it could take the " + string(in)}
		}
	}
}

// ResumeJob has a paused job go on from its last checkpoint, when its turn comes.
func (e *Engine) ResumeJob(id uuid.UUID) (job.Job, error) {
	one, err := e.jobs.step(id, job.Resume, nil)
	if err == nil {
		e.goOn(id)
	}
	return one, err
}

// Replay submits a replay and returns when readers see the new read model. If the
// engine stops before that, the error is ErrStopped and the job stays, for the next
// run. Where the engine does not run, the job is worked here, and what ctx
// interrupts stays likewise.
func (e *Engine) Replay(ctx context.Context, name string) error {
	one, err := e.Submit(ctx, job.Request{Pipeline: name})
	if err != nil {
		return err
	}
	return e.Work(ctx, one.ID)
}

// Work returns when a job has ended or is paused: in the run under way or, without
// one, worked here.
func (e *Engine) Work(ctx context.Context, id uuid.UUID) error {
	ended, begins := e.underWay()
	for ended == nil {
		err := e.workAlone(ctx, begins, id)
		if !errors.Is(err, errBegun) {
			return err
		}
		ended, begins = e.underWay()
	}
	one, err := e.jobs.look(id)
	if err != nil {
		return err
	}
	_, using, release, err := e.use(ctx, one.Pipeline)
	if err != nil {
		return err
	}
	defer release()
	one, err = e.jobs.until(using, ended, id, func(s job.State) bool { return s.Ended() || s == job.Paused })
	switch {
	case err != nil && context.Cause(using) == errLeft:
		return fmt.Errorf("pipeline %s: job %s goes on when the configuration has it again: %w", one.Pipeline, id, errLeft)
	case errors.Is(err, ErrStopped):
		return fmt.Errorf("pipeline %s: job %s goes on when an engine runs: %w", one.Pipeline, id, err)
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("the replay of %s goes on in the engine: %w", one.Pipeline, err)
	case err != nil:
		return err
	}
	return e.jobs.outcome(one)
}

// workAlone works a job while no engine runs.
func (e *Engine) workAlone(ctx context.Context, begins <-chan struct{}, id uuid.UUID) error {
	one, err := e.jobs.look(id)
	if err != nil {
		return err
	}
	p, err := e.pipeline(one.Pipeline)
	if err != nil {
		return err
	}
	var no *job.RefusedError
	turn, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(p.there, func() { stop(errLeft) })()
	switch err := e.jobs.turn(turn, begins, id); {
	case errors.As(err, &no): // it has ended, or is held
		if one, err = e.jobs.look(id); err != nil {
			return err
		}
		return e.jobs.outcome(one)
	case err != nil:
		return err
	}
	return e.settle(id, p.performAlone(ctx, begins, request{input: inReplay, job: id}))
}

// driveJob works a job in the run under way, when its turn comes, and again when an order
// has gone first.
func (e *Engine) driveJob(ctx context.Context, id uuid.UUID) {
	for {
		one, err := e.jobs.look(id)
		if err != nil {
			return
		}
		p, err := e.pipeline(one.Pipeline)
		if err != nil {
			return // the job waits for a configuration that has its pipeline
		}
		if e.jobs.turn(ctx, p.there.Done(), id) != nil {
			return
		}
		_ = e.settle(id, p.workInTurn(ctx, id)) // who waits for the job finds it in the job
		if one, err = e.jobs.look(id); err != nil || one.State != job.Queued || ctx.Err() != nil {
			return
		}
	}
}

// workInTurn has the pipeline's run work a job that has its turn.
func (p *pipeline) workInTurn(ctx context.Context, id uuid.UUID) error {
	r := request{input: inReplay, job: id, done: make(chan error, 1)}
	select {
	case p.turns <- r:
		return <-r.done
	case <-p.there.Done():
		return ErrStopped
	case <-ctx.Done():
		return ErrStopped
	}
}

// settle sees to a job that has had its turn, and that its pipeline has not worked:
// it is back in the queue, or has failed because the pipeline refuses it.
func (e *Engine) settle(id uuid.UUID, err error) error {
	var no *RefusedError
	switch {
	case errors.As(err, &no):
		_, _ = e.jobs.unworked(id, job.Fail, err)
	case errors.Is(err, ErrStopped), errors.Is(err, errLeft), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		_, _ = e.jobs.unworked(id, job.Interrupt, err)
	}
	return err
}

// mendJobs finds the jobs whose generation has come to serve before a crash kept that
// from being noted.
func (p *pipeline) mendJobs() error {
	active, _, err := p.store.Generations()
	if err != nil {
		return err
	}
	for _, one := range p.jobs.open(p.name) {
		if one.Generation == 0 {
			continue
		}
		kept, err := p.store.Generation(one.Generation)
		if err != nil {
			continue // it begins anew
		}
		at := kept.Mark().Position
		if err := p.jobs.note(one.ID, func(one *job.Job) { one.Position = at }); err != nil {
			return err
		}
		if one.Generation == active {
			if _, err := p.jobs.step(one.ID, job.Finish, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropUnheld removes a generation, if it is there still and serves nobody.
func (p *pipeline) dropUnheld(ctx context.Context, number uint64) error {
	all, err := p.store.All()
	if err != nil {
		return err
	}
	active, activating, err := p.store.Generations()
	if err != nil || number == active || number == activating || !slices.Contains(all, number) {
		return err
	}
	return p.discard(ctx, number)
}
