package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
)

const (
	// maxBatchBytes bounds the payloads of a batch, so that a run of large
	// events fits a frame and a guest's memory.
	maxBatchBytes = 8 << 20
	// maxChanges and maxChanging bound the changed keys that wait in memory for
	// a checkpoint, in number and in bytes.
	maxChanges  = 100_000
	maxChanging = 64 << 20
	// stopGrace bounds how long the end of a run waits for the executors.
	stopGrace = 5 * time.Second
)

// forever is a position that no log comes to.
const forever = ^event.Position(0)

// follow folds the log until it has come to a position, which may be forever,
// or ctx is done, which is no error, nor is what an executor would then have tried again.
// It ends with a checkpoint. caughtUp, if not
// nil, is called once, when the position ready has been reached. After an error
// the generation is of no use: its plugin may be ahead of its mark.
func (g *generation) follow(ctx context.Context, until, ready event.Position, caughtUp func()) error {
	if len(g.flying) > 0 { // the run before was stopped in the midst of it
		if err := g.rewind(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	if caughtUp != nil { // not once more after poison
		caughtUp = sync.OnceFunc(caughtUp)
	}
	for {
		again, err := g.resolve(context.WithoutCancel(ctx), g.advance(ctx, until, ready, caughtUp))
		if err != nil || !again {
			return err
		}
	}
}

// retreat brings the state to a position that may lie before what has been folded.
func (g *generation) retreat(ctx context.Context, to event.Position) error {
	if err := g.rewind(ctx); err != nil {
		return err
	}
	return g.advance(ctx, to, 0, nil)
}

// slowest is the last position that all executors have come to.
func (g *generation) slowest() event.Position {
	if len(g.outlets) == 0 {
		return g.position()
	}
	at := forever
	for _, o := range g.outlets {
		at = min(at, o.Position())
	}
	return at
}

// advance is follow, without what follows on an executor's failure.
func (g *generation) advance(ctx context.Context, until, ready event.Position, caughtUp func()) error {
	d := delivery.NewDispatch(context.WithoutCancel(ctx), g.outlets)
	defer d.Stop()
	if g.mark.Position >= until {
		return g.finish(ctx, d)
	}
	batches, stop := g.read(ctx)
	defer stop()
	tick := time.NewTicker(g.opts.CheckpointEvery)
	defer tick.Stop()
	for {
		if caughtUp != nil && g.position() >= ready {
			caughtUp()
			caughtUp = nil
		}
		if g.mark.Position >= until {
			return g.finish(ctx, d)
		}
		feed := batches
		if g.isFull() {
			feed = nil
		}
		var err error
		select {
		case <-ctx.Done():
			return g.finish(ctx, d)
		case <-tick.C:
			if !g.rests() {
				err = g.seal(ctx)
			}
		case <-d.Progress():
			err = g.land()
		case <-d.Failed():
			err = g.undelivered(d.Err())
		case b, open := <-feed:
			switch {
			case ctx.Err() != nil:
				return g.finish(ctx, d)
			case !open:
				return errors.Join(fmt.Errorf("pipeline %s: the log's feed has ended at position %d", g.pipeline, g.mark.Position), g.finish(ctx, d))
			case b.err != nil:
				return errors.Join(fmt.Errorf("pipeline %s: %w", g.pipeline, b.err), g.finish(ctx, d))
			}
			if err = g.take(ctx, d, b, until); err != nil {
				err = errors.Join(err, g.settle(ctx, d)) // what is before it counts
			}
		}
		if err != nil {
			return err
		}
	}
}

// take folds a batch of the feed as far as a position, and sees to it that not
// too much waits for a checkpoint. A fold that has begun runs to its end.
func (g *generation) take(ctx context.Context, d *delivery.Dispatch, b fedBatch, until event.Position) error {
	defer b.done()
	if err := g.connects(b); err != nil {
		return err
	}
	events := upTo(b.events, until)
	for len(events) > 0 && events[0].Position <= g.singly {
		if err := g.fold(context.WithoutCancel(ctx), d, events[:1]); err != nil {
			return err
		}
		events = events[1:]
	}
	if err := g.fold(context.WithoutCancel(ctx), d, events); err != nil {
		return err
	}
	g.passOver(d, min(b.through, until))
	if err := g.land(); err != nil || !g.isHeavy() { // without executors there is nobody to wait for
		return err
	}
	return g.seal(ctx)
}

// connects checks that no event is missing, but for those that pages leave out.
func (g *generation) connects(b fedBatch) error {
	at := g.mark.Position
	for i := range b.events {
		p := b.events[i].Position
		if p != at+1 && !(b.gaps && p > at) {
			return fmt.Errorf("pipeline %s: the feed goes from position %d to %d", g.pipeline, at, p)
		}
		at = p
	}
	return nil
}

// fedBatch is what is folded at once.
type fedBatch struct {
	events []event.Recorded
	// through is where the batch ends; gaps says that up to there events may have
	// been left out.
	through event.Position
	gaps    bool
	release func() // gives the events' memory back; or nil
	err     error
}

func (b *fedBatch) done() {
	if b.release != nil {
		b.release()
	}
}

// read follows the log one batch ahead of the fold. stop ends that, and waits
// until it has ended.
func (g *generation) read(ctx context.Context) (batches <-chan fedBatch, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan fedBatch, 1)
	r := reader{log: g.opts.Log, types: g.builder.Types(), size: g.size, limit: g.limit, out: out}
	after := g.mark.Position
	go func() {
		defer close(out)
		r.read(ctx, after)
	}()
	stop = func() {
		cancel()
		for range out {
		}
	}
	return out, stop
}

// chunks cuts the feed's batches to at most size events.
func chunks(feed iter.Seq2[[]event.Recorded, error], size int) iter.Seq[fedBatch] {
	return func(yield func(fedBatch) bool) {
		for events, err := range feed {
			if err != nil {
				yield(fedBatch{err: err})
				return
			}
			for len(events) > 0 {
				n := fitting(events, size)
				if !yield(fedBatch{events: events[:n], through: events[n-1].Position}) {
					return
				}
				events = events[n:]
			}
		}
	}
}

// fitting is how many of the events make a batch; one always does.
func fitting(events []event.Recorded, size int) int {
	size = min(size, len(events))
	bytes := 0
	for i := range events[:size] {
		bytes += len(events[i].Data) + len(events[i].Metadata)
		if bytes > maxBatchBytes && i > 0 {
			return i
		}
	}
	return size
}

// upTo cuts off what lies behind a position.
func upTo(events []event.Recorded, until event.Position) []event.Recorded {
	for len(events) > 0 && events[len(events)-1].Position > until {
		events = events[:len(events)-1]
	}
	return events
}
