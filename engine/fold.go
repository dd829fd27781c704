package engine

import (
	"context"
	"errors"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/engine/feed"
	"github.com/refold-dev/refold/sdk/frame"
)

// fold folds events, has their effects performed, and takes over their states.
// Events whose frame would be too large are folded in two halves: the states of
// their keys may be large.
func (g *generation) fold(ctx context.Context, d *delivery.Dispatch, events []event.Recorded) error {
	if len(events) == 0 {
		return nil
	}
	err := g.foldOnce(ctx, d, events)
	var size *sizeError
	half := len(events) / 2
	split := errors.As(err, &size) && half > 0
	for err != nil && !split {
		if split, err = g.isolate(ctx, err, events); err != nil {
			return err
		}
		if !split {
			err = g.foldOnce(ctx, d, events)
		}
	}
	if !split {
		return nil
	}
	if err := g.fold(ctx, d, events[:half]); err != nil {
		return err
	}
	return g.fold(ctx, d, events[half:])
}

// sizeError is a batch that does not fit a frame.
type sizeError struct{ err error }

func (e *sizeError) Error() string { return e.err.Error() }
func (e *sizeError) Unwrap() error { return e.err }

// foldOnce folds events as one batch.
func (g *generation) foldOnce(ctx context.Context, d *delivery.Dispatch, events []event.Recorded) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	batch, result, err := g.effectsOf(ctx, events)
	if err != nil {
		return err
	}
	next := g.mark
	next.Position = events[len(events)-1].Position
	next.Delivered += uint64(len(batch.Events))
	next.Parked += uint64(batch.Parked)
	next.DeadLettered += uint64(batch.DeadLettered)
	if !g.opts.WithoutRoots {
		next.Effects = g.hasher.Add(next.Effects, g.effects)
	}
	leftOut := uint64(next.Position-g.mark.Position) - uint64(len(events)) // by the pages of a log
	next.Filtered += leftOut + uint64(batch.Filtered)
	g.launch(d, effect.Batch{
		Pipeline:   g.pipeline,
		Generation: g.kept.Number(),
		After:      g.mark.Position,
		Through:    next.Position,
		Effects:    g.effects,
	}, next, int(next.Position-g.mark.Position))
	g.accept(batch, result)
	g.mark = next
	return nil
}

// effectsOf folds events and leaves their effects in g.effects. What it returns is
// valid until the next fold; nothing of it is taken over yet.
func (g *generation) effectsOf(ctx context.Context, events []event.Recorded) (*feed.Batch, frame.Result, error) {
	told := g.opts.Observer.Called
	if told == nil {
		return g.foldEvents(ctx, events)
	}
	c := Call{Pipeline: g.pipeline, Generation: g.kept.Number(), First: events[0].Position, Last: events[len(events)-1].Position, Began: g.opts.Now()}
	batch, result, err := g.foldEvents(ctx, events)
	if err == nil && batch.Frame == nil {
		return batch, result, err // the projection has not been called
	}
	c.Took, c.Effects, c.Err = g.opts.Now().Sub(c.Began), len(g.effects), err
	if batch != nil {
		c.Events = batch.Events
	}
	if m, ok := g.plugin.(Metered); ok {
		c.Fuel, c.Memory = m.Used()
	}
	told(c)
	return batch, result, err
}

// foldEvents is effectsOf, of which nobody is told.
func (g *generation) foldEvents(ctx context.Context, events []event.Recorded) (batch *feed.Batch, result frame.Result, err error) {
	g.effects = g.effects[:0]
	if batch, err = g.build(events); err != nil {
		return nil, result, g.blameBuild(events, err)
	}
	if batch.Frame == nil {
		return batch, result, nil
	}
	if result, err = g.call(ctx, batch); err != nil {
		return batch, result, err
	}
	g.effects = delivery.Effects(g.effects, result, batch.Events, batch.KeyOf)
	return batch, result, g.checkHandled()
}

// accept takes over what a batch has made of states and of what is aside.
func (g *generation) accept(batch *feed.Batch, result frame.Result) {
	g.aside.accept()
	if batch.Frame != nil {
		g.apply(batch, result)
	}
}

// build frames the events together with the prior states of their keys.
func (g *generation) build(events []event.Recorded) (batch *feed.Batch, err error) {
	g.builder.SetAside(nil)
	if g.aside.begin(); !g.aside.isEmpty() {
		g.builder.SetAside(g.aside)
	}
	err = g.kept.Read(func(stored func([]byte) ([]byte, bool)) error {
		batch, err = g.builder.Build(events, func(key []byte) ([]byte, bool) {
			if state, changed := g.changed(string(key)); changed {
				return state, state != nil
			}
			return stored(key)
		})
		return err
	})
	return batch, err
}

func (g *generation) blameBuild(events []event.Recorded, err error) error {
	e := &FoldError{Pipeline: g.pipeline, Position: events[0].Position, Exact: len(events) == 1, Err: err}
	var unfit *feed.EventError
	var format *frame.FormatError
	switch {
	case errors.As(err, &unfit):
		e.Position, e.Exact = unfit.Position, true
	case errors.As(err, &format):
		e.Err = &sizeError{err}
	}
	return e
}

// call has the plugin fold a batch, and reads its result, which is valid until
// the plugin's next call.
func (g *generation) call(ctx context.Context, batch *feed.Batch) (result frame.Result, err error) {
	in, err := frame.OpenBatch(batch.Frame)
	if err != nil {
		return result, g.blame(batch, err)
	}
	out, err := g.plugin.Fold(ctx, batch.Frame)
	if err != nil {
		return result, g.blame(batch, err)
	}
	if result, err = frame.OpenResult(out, in); err != nil {
		return result, g.blame(batch, &ResultError{g.manifest.Name, err})
	}
	if index, reason, rejected := result.Rejected(); rejected {
		return result, &FoldError{g.pipeline, batch.Events[index].Position, true, &RejectedError{string(reason)}}
	}
	return result, nil
}

// blame names the event that made a fold fail, as far as the error knows it.
func (g *generation) blame(batch *feed.Batch, err error) error {
	e := &FoldError{Pipeline: g.pipeline, Position: batch.Events[0].Position, Exact: len(batch.Events) == 1, Err: err}
	var indexer EventIndexer
	if errors.As(err, &indexer) {
		if i, ok := indexer.EventIndex(); ok && i >= 0 && i < len(batch.Events) {
			e.Position, e.Exact = batch.Events[i].Position, true
		}
	}
	return e
}

// apply takes over the states of the batch's keys.
func (g *generation) apply(batch *feed.Batch, result frame.Result) {
	for r := range result.Groups() {
		key := string(batch.Keys[r.Group])
		switch r.Disposition {
		case frame.Set:
			g.changes[key] = append(make([]byte, 0, len(r.State)), r.State...) // never nil: that is a removal
		case frame.Remove:
			g.changes[key] = nil
		case frame.Keep:
			continue
		}
		g.changing += len(key) + len(r.State)
	}
}

// checkHandled makes sure that there is an executor for each effect.
func (g *generation) checkHandled() error {
	for i := range g.effects {
		if !g.handled(g.effects[i].Kind) {
			return &FoldError{g.pipeline, g.effects[i].Cause, true, &UnhandledError{g.effects[i].Kind, g.effects[i].Name}}
		}
	}
	return nil
}

func (g *generation) handled(k effect.Kind) bool {
	if g.shadows {
		return true
	}
	for _, x := range g.executors {
		if x.Handles(k) {
			return true
		}
	}
	return false
}
