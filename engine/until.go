package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine/job"
)

// travel works a job that builds the read model as it was: in a generation of its own,
// which serves nobody, and is kept. The live run goes on.
func (p *pipeline) travel(ctx context.Context, w *work, one job.Job) error {
	at := p.paceOf(one)
	next, err := p.build(ctx, w, one, at, func(next *generation) error { return p.fillUntil(ctx, next, one) })
	if err != nil {
		const serves = true // whatever becomes of it, the pipeline goes on
		return p.abandon(ctx, one, next, fmt.Errorf("pipeline %s: replaying until position %d: %w", p.name, one.Until, err), serves)
	}
	_, err = p.jobs.finishKept(one.ID)
	return errors.Join(err, next.close(context.WithoutCancel(ctx)))
}

// fillUntil brings a generation to where its job ends. What executors perform in no
// replay they do not perform here.
func (p *pipeline) fillUntil(ctx context.Context, next *generation, one job.Job) error {
	for i, x := range next.executors {
		if k, ok := x.(Keeper); ok && !k.Keeps() {
			return fmt.Errorf("its executor %s keeps no tables beside those that serve", next.names[i])
		}
	}
	if err := p.aim(one, one.Until); err != nil {
		return err
	}
	for _, o := range next.outlets {
		o.SuppressThrough(one.Until, nobodyOwes)
	}
	if err := next.follow(ctx, one.Until, 0, nil); err != nil {
		return err
	}
	if at := next.position(); at < one.Until {
		return fmt.Errorf("stopped at position %d of %d: %w", at, one.Until, context.Cause(ctx))
	}
	return nil
}

// nobodyOwes has every suppressed effect count as performed before.
func nobodyOwes(string, *effect.Effect) bool { return false }
