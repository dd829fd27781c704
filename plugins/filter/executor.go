package filter

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Wrapped is an executor: see engine.Executor.
type Wrapped interface {
	Handles(k effect.Kind) bool
	Position() (p event.Position, ok bool)
	Active() bool
	Execute(ctx context.Context, b effect.Batch) error
	Activate(ctx context.Context) error
	Discard(ctx context.Context) error
	Close() error
}

// Executor filters what another executor performs. What it does not do itself
// the other one does.
type Executor struct {
	Wrapped
	rule    Rule
	passed  []effect.Effect // of the batch that is being executed
	dropped atomic.Uint64
}

// New returns a filter before an executor, which it takes over. The rule's lists
// are not to be changed any more.
func New(wrapped Wrapped, rule Rule) *Executor {
	return &Executor{Wrapped: wrapped, rule: rule}
}

// Handles reports whether the wrapped executor performs effects of kind k, and
// the rule lets any of them through.
func (e *Executor) Handles(k effect.Kind) bool { return e.rule.admits(k) && e.Wrapped.Handles(k) }

// Dropped counts the effects that the wrapped executor would have performed, in
// all batches since the filter was made; if that one is a filter, those that it
// has dropped as well. It may be called at any time. Effects that come again, as
// after a crash, count again.
func (e *Executor) Dropped() uint64 {
	n := e.dropped.Load()
	if inner, ok := e.Wrapped.(interface{ Dropped() uint64 }); ok {
		n += inner.Dropped()
	}
	return n
}

// Joins reports whether the wrapped executor would rather perform several batches as
// one: see engine.Joiner.
func (e *Executor) Joins() bool {
	inner, ok := e.Wrapped.(interface{ Joins() bool })
	return ok && inner.Joins()
}

// CanAnswer reports whether the wrapped executor answers Query effects, and the rule
// lets them through.
func (e *Executor) CanAnswer() bool {
	inner, ok := e.Wrapped.(querier)
	return ok && inner.CanAnswer() && e.rule.admits(effect.Query)
}

// Query has the wrapped executor answer a Query effect. Where CanAnswer says no the
// error is [errors.ErrUnsupported].
func (e *Executor) Query(ctx context.Context, q effect.Effect) (answer json.RawMessage, err error) {
	if !e.CanAnswer() {
		return nil, errors.ErrUnsupported
	}
	return e.Wrapped.(querier).Query(ctx, q)
}

// Keeps reports whether the wrapped executor keeps generations that are not active; one
// that has none loses none.
func (e *Executor) Keeps() bool {
	if inner, ok := e.Wrapped.(keeper); ok {
		return inner.Keeps()
	}
	return e.Active()
}

// Serving is the generation that the wrapped executor's readers see; 0 where it does
// not say.
func (e *Executor) Serving() uint64 {
	if inner, ok := e.Wrapped.(keeper); ok {
		return inner.Serving()
	}
	return 0
}

// Retain has the wrapped executor drop the generations that are not among those given,
// if it keeps any.
func (e *Executor) Retain(ctx context.Context, generations []uint64) error {
	if inner, ok := e.Wrapped.(keeper); ok {
		return inner.Retain(ctx, generations)
	}
	return nil
}

// keeper is an executor that may keep generations: see engine.Keeper.
type keeper interface {
	Keeps() bool
	Serving() uint64
	Retain(ctx context.Context, generations []uint64) error
}

// querier is an executor that may answer Query effects: see engine.Querier.
type querier interface {
	CanAnswer() bool
	Query(ctx context.Context, q effect.Effect) (json.RawMessage, error)
}

// Execute has the wrapped executor perform the effects that the rule lets
// through. What is dropped counts once the batch has been performed.
func (e *Executor) Execute(ctx context.Context, b effect.Batch) error {
	dropped := e.pass(b.Effects)
	b.Effects = e.passed
	err := e.Wrapped.Execute(ctx, b)
	clear(e.passed) // or it would hold the batch's memory
	if err == nil {
		e.dropped.Add(dropped)
	}
	return err
}

// pass copies the effects that are let through into passed, and counts the
// others that the wrapped executor would perform.
func (e *Executor) pass(effects []effect.Effect) (dropped uint64) {
	e.passed = e.passed[:0]
	for i := range effects {
		switch f := &effects[i]; {
		case e.rule.passes(f):
			e.passed = append(e.passed, *f)
		case e.Wrapped.Handles(f.Kind):
			dropped++
		}
	}
	return dropped
}
