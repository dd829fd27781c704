package delivery

import (
	"context"
	"time"

	"github.com/refold-dev/refold/domain/effect"
)

// Attempt is one call of an executor: to perform a batch, or to answer a query.
type Attempt struct {
	Executor string
	// Batch is what it was given, valid while it is told of.
	Batch effect.Batch
	// Performed is how many effects it has performed, of the kinds that it handles.
	Performed int
	Began     time.Time
	Took      time.Duration
	Err       error
}

// Observe has a function told of each attempt, in the goroutine that has made it; nil tells
// nobody. It is called before Perform.
func (o *Outlet) Observe(told func(Attempt)) { o.told = told }

// execute has the executor perform a batch, once.
func (o *Outlet) execute(ctx context.Context, b effect.Batch) error {
	if o.told == nil {
		return o.executor.Execute(ctx, b)
	}
	began := o.now()
	err := o.executor.Execute(ctx, b)
	o.told(Attempt{Executor: o.name, Batch: b, Performed: o.performed(b.Effects, err), Began: began, Took: o.now().Sub(began), Err: err})
	return err
}

// performed counts the effects that have been performed.
func (o *Outlet) performed(effects []effect.Effect, err error) (n int) {
	if err != nil {
		cause, ordinal, some := partial(err)
		if !some {
			return 0
		}
		effects = effects[:index(effects, cause, ordinal)]
	}
	for i := range effects {
		if o.executor.Handles(effects[i].Kind) {
			n++
		}
	}
	return n
}

// answerOnce has a query answered, in one attempt.
func (o *Outlet) answerOnce(ctx context.Context, b *effect.Batch, q *effect.Effect) error {
	if o.told == nil {
		return o.answer(ctx, b.Pipeline, q)
	}
	began := o.now()
	err := o.answer(ctx, b.Pipeline, q)
	a := Attempt{Executor: o.name, Batch: *b, Began: began, Took: o.now().Sub(began), Err: err}
	a.Batch.Effects = []effect.Effect{*q}
	if err == nil {
		a.Performed = 1
	}
	o.told(a)
	return err
}
