package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// healing folds the events of parked keys, from the keys' last good states.
type healing struct {
	g       *generation
	waits   map[event.Position]string // the events that wait, with their keys
	waiting map[string]int            // how many of each key's still do
}

// heal folds what waits of parked keys, in the order of the log, and frees the keys
// all of whose events can be folded now. Another key than that of an event which
// still cannot be is healed all the same. Nothing else must be folding.
func (g *generation) heal(ctx context.Context, keys []string) error {
	if err := g.settled(ctx); err != nil {
		return err
	}
	h := &healing{g: g, waits: map[event.Position]string{}, waiting: map[string]int{}}
	g.aside.retrying = map[string]bool{}
	defer func() { g.aside.retrying = nil }()
	for _, key := range keys {
		list, err := g.kept.WaitingOf(key)
		if err != nil {
			return err
		}
		for _, at := range list {
			h.waits[at] = key
		}
		g.aside.retrying[key], h.waiting[key] = true, len(list)
	}
	return h.run(ctx)
}

// settled makes sure that the state is what is stored.
func (g *generation) settled(ctx context.Context) error {
	if len(g.flying) == 0 && g.sealed == nil && g.mark == g.kept.Mark() {
		return nil
	}
	return g.rewind(ctx)
}

func (h *healing) run(ctx context.Context) error {
	if len(h.waits) == 0 {
		return nil
	}
	var first, last event.Position
	for at := range h.waits {
		if first == 0 || at < first {
			first = at
		}
		last = max(last, at)
	}
	var chunk []event.Recorded
	for b := range chunks(h.g.opts.Log.Follow(ctx, first-1), h.g.opts.BatchSize) {
		if b.err != nil {
			return b.err
		}
		for i := range b.events {
			if _, waits := h.waits[b.events[i].Position]; waits {
				chunk = append(chunk, b.events[i])
			}
		}
		isLast := b.events[len(b.events)-1].Position >= last
		if isLast || len(chunk) >= h.g.opts.BatchSize {
			if err := h.fold(ctx, chunk); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
		if isLast {
			return nil
		}
	}
	return ctx.Err()
}

// fold folds events that have waited, has their effects performed, and stores what
// has become of them.
func (h *healing) fold(ctx context.Context, events []event.Recorded) error {
	if len(events) == 0 {
		return nil
	}
	err := h.foldOnce(ctx, events)
	for err != nil {
		split, cannot := h.g.isolateLate(ctx, err, events)
		if cannot != nil {
			return cannot
		}
		if split {
			half := len(events) / 2
			return errors.Join(h.fold(ctx, events[:half]), h.fold(ctx, events[half:]))
		}
		err = h.foldOnce(ctx, events)
	}
	return nil
}

// isolateLate is isolate for events that have waited, whose effects may be poison
// as well.
func (g *generation) isolateLate(ctx context.Context, err error, events []event.Recorded) (split bool, _ error) {
	cause, poisoned := g.poisonedBy(err)
	if !poisoned {
		return g.isolate(ctx, err, events)
	}
	known := func(e event.Recorded) bool { return e.Position == cause }
	if !slices.ContainsFunc(events, known) {
		return false, err
	}
	return false, g.condemn(cause, err)
}

func (h *healing) foldOnce(ctx context.Context, events []event.Recorded) error {
	g := h.g
	g.mu.Lock()
	defer g.mu.Unlock()
	batch, result, err := g.effectsOf(ctx, events)
	if err != nil {
		return err
	}
	if err := g.performLate(ctx, g.effects); err != nil {
		return err
	}
	g.accept(batch, result)
	h.leave(events)
	g.aside.change.Departs = "parked events have been folded later than in their turn"
	next := g.mark
	next.Parked -= uint64(len(batch.Events) + batch.DeadLettered)
	next.Delivered += uint64(len(batch.Events))
	next.DeadLettered += uint64(batch.DeadLettered)
	return g.storeNow(next)
}

// leave notes which of the events no longer wait, and frees keys of which none
// does.
func (h *healing) leave(events []event.Recorded) {
	a := h.g.aside
	for i := range events {
		key := h.waits[events[i].Position]
		if !a.retrying[key] && events[i].Position >= a.parked[key].Position {
			continue // it has been parked again
		}
		a.change.Done = append(a.change.Done, checkpoint.Waiting{Key: key, Position: events[i].Position})
		if h.waiting[key]--; h.waiting[key] == 0 {
			put(&a.change.Parked, key, nil)
			delete(a.parked, key)
		}
	}
}

// performLate has the executors perform effects of events that lie behind them.
func (g *generation) performLate(ctx context.Context, effects []effect.Effect) error {
	b := g.lateBatch(effects)
	for _, o := range g.outlets {
		if err := o.Perform(ctx, ctx, b); err != nil {
			return &DeliveryError{g.pipeline, b.Through, err}
		}
	}
	return nil
}

func (g *generation) lateBatch(effects []effect.Effect) effect.Batch {
	at := g.mark.Position
	return effect.Batch{Pipeline: g.pipeline, Generation: g.kept.Number(), After: at, Through: at, Effects: effects, Late: true}
}

// storeNow stores the state under a mark, at a position that the executors have
// come to. The caller holds mu.
func (g *generation) storeNow(m checkpoint.Mark) error {
	change := g.aside.take()
	g.collectLetters(&change)
	if err := g.kept.Commit(m, g.changes, nil, &change); err != nil {
		return fmt.Errorf("pipeline %s: %w", g.pipeline, err)
	}
	g.watch.committed(g.kept, g.changes)
	g.changes, g.changing = checkpoint.Change{}, 0
	g.moveTo(m)
	g.lag.stored(m.Position, m.Position, g.opts.Now())
	return nil
}
