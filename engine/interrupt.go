package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/engine/job"
)

// Why a build ends before it is done. What a pause calls off leaves nothing; what is only
// interrupted keeps what it has built, and goes on.
var (
	errCalledOff   = errors.New("the pipeline is paused")
	errInterrupted = errors.New("the pipeline is about something else")
)

// ruleBusy refuses what would have to wait until something else is done, ruleShut what
// needs a file of states that cannot be read.
const (
	ruleBusy = "busy"
	ruleShut = "shut"
)

// refuses reports why the pipeline's state does not allow a request. A job that has
// its turn may be what a pipeline waits for that serves nothing.
func (p *pipeline) refuses(r request) error {
	if r.input == inReplay && p.life.state() == Rebuilding {
		return nil
	}
	return p.takes(r.input)
}

// takes reports why the pipeline's state does not take an input. What it remembers nobody
// touches while the file cannot be read.
func (p *pipeline) takes(in Input) error {
	shut := p.store.WhyShut()
	if shut == nil || in == inResume || in == inRedeclare {
		return p.life.takes(in)
	}
	return &RefusedError{Pipeline: p.name, State: p.life.state(), Input: in, Rule: ruleShut, Reason: shut.Error(), Err: shut}
}

// unlessOrdered is a build where nothing serves, unless an order interrupts that.
func (p *pipeline) unlessOrdered(build func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error { return p.interruptible(ctx, request{input: inRebuild}, nil, build) }
}

// interruptible does something long that orders need not wait for: one that can go first
// interrupts it, and is performed in its place; another one is refused at once. What is
// left is seen to by whoever runs the pipeline, or drives the job.
func (p *pipeline) interruptible(ctx context.Context, doing request, live *liveRun, do func(context.Context) error) error {
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	done := make(chan error, 1)
	go func() { done <- do(working) }()
	for {
		select {
		case err := <-done:
			return err
		case r := <-p.orders:
			if err := p.goesFirst(r, doing); err != nil {
				r.done <- err
				continue
			}
			stop(interruption(r))
			err := <-done
			live.stop()
			r.done <- p.performInstead(ctx, r)
			return err
		}
	}
}

// interruption is why a request ends what it goes before.
func interruption(r request) error {
	if r.input == inPause {
		return errCalledOff
	}
	return errInterrupted
}

// goesFirst reports why a request does not go before what the pipeline is doing.
func (p *pipeline) goesFirst(r, doing request) error {
	if err := p.refuses(r); err != nil || r.input == inPause || r.input == inRedeclare {
		return err
	}
	busy := &RefusedError{Pipeline: p.name, State: p.life.state(), Input: r.input, Rule: ruleBusy}
	switch doing.input {
	case inRebuild:
		busy.Reason = "its read model is being built: ask again when that is done"
		return busy
	case inRollback:
		busy.Reason = "it is being rolled back: ask again when that is done"
		return busy
	case inReplay:
		one, err := p.jobs.look(doing.job)
		if r.input == inRollback && err == nil && one.Why != job.Change && !one.Travels() {
			busy.Reason = fmt.Sprintf("job %s builds its read model anew: cancel that, or roll back when it is done", one.ID)
			return busy
		}
	}
	return nil
}

// performInstead performs a request behind what it has interrupted, which may have come to
// its end, or to a fault, all the same.
func (p *pipeline) performInstead(ctx context.Context, r request) error {
	if r.input == inPause {
		return p.pause(context.WithoutCancel(ctx), r.reason)
	}
	if err := p.refuses(r); err != nil {
		return err
	}
	return p.perform(ctx, r, nil)
}
