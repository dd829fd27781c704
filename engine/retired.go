package engine

import (
	"context"
	"errors"

	"github.com/refold-dev/refold/domain/event"
)

// retire notes of the pipelines that are not run any more that they are not. One
// that cannot be read stops nothing.
func (e *Engine) retire(ctx context.Context) {
	for _, spec := range e.opts.Retired {
		s := Status{Pipeline: spec.Name, State: Retired}
		kept, err := OpenKept(ctx, e.opts.Dir, spec, nil)
		if err == nil {
			var t Transition
			if t, err = kept.Retire(e.opts.Now()); err == nil && t.From != t.To {
				e.opts.Observer.Changed(t)
			}
			s = kept.Status(0)
			err = errors.Join(err, kept.Close(ctx))
		}
		if err != nil {
			e.opts.Logger.Warn("a retired pipeline", "pipeline", spec.Name, "error", err)
			s.Error = err.Error()
		}
		e.retired = append(e.retired, s)
	}
}

// retiredAt are the retired pipelines' statuses, with a log that ends at head.
func (e *Engine) retiredAt(head event.Position) []Status {
	list := make([]Status, len(e.retired))
	for i, s := range e.retired {
		s.Head = max(head, s.Position)
		s.Lag = uint64(s.Head - s.Position)
		list[i] = s
	}
	return list
}
