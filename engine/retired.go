package engine

import (
	"context"
	"errors"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
)

// retired is a pipeline that the configuration has no more.
type retired struct {
	spec   config.Pipeline
	status Status // without a log
}

// retire notes of a pipeline that is not run any more that it is not. One that cannot be
// read stops nothing.
func (e *Engine) retire(ctx context.Context, spec config.Pipeline) retired {
	r := retired{spec, Status{Pipeline: spec.Name, State: Retired}}
	kept, err := OpenKept(ctx, e.opts.Dir, spec, nil)
	if err == nil {
		var t Transition
		if t, err = kept.Retire(e.opts.Now()); err == nil && t.From != t.To {
			e.opts.Observer.Changed(t)
		}
		r.status = kept.Status(0)
		err = errors.Join(err, kept.Close(ctx))
	}
	if err != nil {
		e.opts.Logger.Warn("a retired pipeline", "pipeline", spec.Name, "error", err)
		r.status.Error, r.status.Unread = err.Error(), kept == nil
	}
	return r
}

// at is its status, with a log that ends at head.
func (r *retired) at(head event.Position) Status {
	s := r.status
	s.Head = max(head, s.Position)
	if !s.Unread {
		s.Lag = uint64(s.Head - s.Position)
	}
	return s
}

func isOf(name string) func(retired) bool {
	return func(r retired) bool { return r.spec.Name == name }
}
