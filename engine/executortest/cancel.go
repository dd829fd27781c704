package executortest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
)

func cancelledBefore(t *testing.T, b *bench) {
	e := b.open(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Execute(ctx, batch(1, 0, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
}

// countdown is a context that is cancelled when it is looked at for the nth
// time, so that a test reaches every point at which an executor looks.
type countdown struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func newCountdown(t *testing.T, looks int) *countdown {
	c := new(countdown)
	c.Context, c.cancel = context.WithCancel(t.Context())
	t.Cleanup(c.cancel)
	c.left.Store(int64(looks))
	return c
}

func (c *countdown) look() {
	if c.left.Add(-1) == 0 {
		c.cancel()
	}
}

func (c *countdown) Err() error {
	c.look()
	return c.Context.Err()
}

func (c *countdown) Done() <-chan struct{} {
	c.look()
	return c.Context.Done()
}

// cancelledHalfway cancels a batch at each of the executor's looks at the
// context in turn: either all of the batch is there and Execute says so, or
// nothing.
func cancelledHalfway(t *testing.T, b *bench) {
	const enough = 1000
	for looks := 1; looks < enough; looks++ {
		ctx := newCountdown(t, looks)
		t.Run(fmt.Sprintf("look %d", looks), func(t *testing.T) { cancelledBy(t, b.another(t), ctx) })
		if ctx.left.Load() > 0 {
			return
		}
	}
	t.Errorf("a batch of ten rows looks at its context more than %d times", enough)
}

func cancelledBy(t *testing.T, b *bench, ctx context.Context) {
	var effects []effect.Effect
	want := map[string]string{}
	for i := range 10 {
		row := fmt.Sprintf(`{"id":"%d","owner":"Ann","balance":%[1]d}`, i)
		effects = append(effects, insert(1, "accounts", row))
		want[fmt.Sprint(i)] = row
	}
	e := b.open(t, 1)
	if err := e.Execute(ctx, batch(1, 0, 1, effects...)); err != nil {
		wantPosition(t, e, 0)
		b.wantRows(t, "accounts", nil)
		closeExecutor(t, e)
		e = b.open(t, 1)
		execute(t, e, 0, 1, effects...)
	}
	wantPosition(t, e, 1)
	b.wantRows(t, "accounts", want)
}
