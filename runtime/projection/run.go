package projection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/engine/feed"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/frame"
)

// The codes of what is wrong with an event or a result before or after the
// guest's own code runs.
const (
	// UnfitEvent: the event cannot be put into a batch, such as for its key.
	UnfitEvent runtime.Code = "unfit_event"
	// BadResult: the result is no valid frame, or lies.
	BadResult runtime.Code = "bad_result"
	// BadEffect: an effect that no executor can perform.
	BadEffect runtime.Code = "bad_effect"
	// BadAnswer: a resident projection failed to answer for its state.
	BadAnswer runtime.Code = "bad_answer"
)

// Run is one history of a projection. It is used by one goroutine.
type Run struct {
	projection *Projection
	instance   *wasm.Instance
	builder    *feed.Builder
	states     map[string][]byte
	out        Outcome
	// history are the batches that a resident instance has in its memory.
	history [][]event.Recorded
	// results are the result frames, and keys those of the events.
	results [][]byte
	keys    map[event.Position]string
	// measured is true where the fuel of each event goes into spent.
	measured bool
	spent    []int64
}

func (r *Run) reset() {
	r.states, r.out = map[string][]byte{}, Outcome{}
	r.history, r.results, r.keys = nil, nil, map[event.Position]string{}
}

// Close frees the run's instance.
func (r *Run) Close(ctx context.Context) error { return r.instance.Close(ctx) }

// Give sets the state of a key, for the events to come.
func (r *Run) Give(key string, state []byte) { r.states[key] = bytes.Clone(state) }

// Forget drops effects, poison and filtered events so far; states stay.
func (r *Run) Forget() { r.out = Outcome{} }

// Outcome is what the run has made of its events so far. Of a resident projection
// that answers queries, Answer is its answer to the empty query.
func (r *Run) Outcome(ctx context.Context) (*Outcome, error) {
	out := r.out
	out.States = maps.Clone(r.states)
	if !r.projection.answers() {
		return &out, nil
	}
	answer, err := r.instance.Query(ctx, nil)
	var guest *runtime.GuestError
	if errors.As(err, &guest) {
		out.Poison = append(slices.Clone(out.Poison), Poison{Code: BadAnswer, Reason: guest.Error()})
		return &out, r.restart(ctx)
	}
	out.Answer = append([]byte{}, answer...)
	return &out, err
}

// Fold folds events in one batch. Where there is poison among them it folds what
// stands before it, leaves it out, and goes on behind it.
func (r *Run) Fold(ctx context.Context, events []event.Recorded) error {
	for len(events) > 0 {
		poison, at, err := r.try(ctx, events)
		switch {
		case err != nil || poison == nil:
			return err
		case at < 0: // nobody knows which event it is
			at = len(events) / 2
			if err := r.Fold(ctx, events[:at]); err != nil {
				return err
			}
			events = events[at:]
			continue
		}
		if err := r.Fold(ctx, events[:at]); err != nil {
			return err
		}
		poison.Position = events[at].Position
		r.out.Poison = append(r.out.Poison, *poison)
		events = events[at+1:]
	}
	return nil
}

// FoldBatches folds events in batches of the given sizes, and the rest in one.
func (r *Run) FoldBatches(ctx context.Context, events []event.Recorded, sizes []int) error {
	for _, size := range sizes {
		size = min(size, len(events))
		if err := r.Fold(ctx, events[:size]); err != nil {
			return err
		}
		events = events[size:]
	}
	return r.Fold(ctx, events)
}

// Query asks a resident projection. If the projection fails, that is a
// *runtime.GuestError, and the run goes on as if it had not been asked.
func (r *Run) Query(ctx context.Context, query string) ([]byte, error) {
	answer, err := r.instance.Query(ctx, []byte(query))
	var guest *runtime.GuestError
	if errors.As(err, &guest) && guest.Code != runtime.NoQuery {
		return nil, errors.Join(err, r.restart(ctx))
	}
	return bytes.Clone(answer), err
}

// ask asks for all of the state, and passes over a failure: that is for the law of
// totality.
func (r *Run) ask(ctx context.Context) error {
	_, err := r.instance.Query(ctx, nil)
	var guest *runtime.GuestError
	if errors.As(err, &guest) {
		return r.restart(ctx)
	}
	return err
}

// try folds events in one batch. If that fails it says which of them is to blame,
// -1 if that is unknown, and the run is as it was before.
func (r *Run) try(ctx context.Context, events []event.Recorded) (poison *Poison, at int, err error) {
	batch, err := r.builder.Build(events, func(key []byte) ([]byte, bool) {
		state, ok := r.states[string(key)]
		return state, ok
	})
	var unfit *feed.EventError
	if errors.As(err, &unfit) {
		at := slices.IndexFunc(events, func(e event.Recorded) bool { return e.Position == unfit.Position })
		return &Poison{Code: UnfitEvent, Reason: unfit.Reason}, at, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("building a batch of %d events: %w", len(events), err)
	}
	if batch.Frame == nil {
		r.filtered(events, nil)
		return nil, 0, nil
	}
	result, index, poison, err := r.call(ctx, batch)
	if err != nil {
		return nil, 0, err
	}
	if poison == nil {
		effects := delivery.Effects(nil, result, batch.Events, nil)
		if index, poison = unperformable(effects, batch.Events); poison == nil {
			r.take(events, batch, result, effects)
			return nil, 0, nil
		}
	}
	at = -1
	if len(events) == 1 {
		at = 0
	}
	if index >= 0 && index < len(batch.Events) {
		blamed := batch.Events[index].Position
		at = slices.IndexFunc(events, func(e event.Recorded) bool { return e.Position == blamed })
	}
	return poison, at, r.recover(ctx, poison)
}

// call has the instance fold a batch. Of poison it returns the index in the batch,
// or -1.
func (r *Run) call(ctx context.Context, batch *feed.Batch) (result frame.Result, index int, poison *Poison, err error) {
	in, err := frame.OpenBatch(batch.Frame)
	if err != nil {
		return result, 0, nil, fmt.Errorf("the batch is no valid frame: %w", err)
	}
	r.noteKeys(in)
	out, err := r.fold(ctx, batch.Frame)
	var guest *runtime.GuestError
	switch {
	case errors.As(err, &guest):
		return result, guest.Event, &Poison{Code: guest.Code, Reason: guest.Reason}, nil
	case err != nil:
		return result, 0, nil, err
	}
	if result, err = frame.OpenResult(out, in); err != nil {
		return result, -1, &Poison{Code: BadResult, Reason: err.Error()}, nil
	}
	r.results = append(r.results, bytes.Clone(out))
	if index, reason, ok := result.Rejected(); ok {
		return result, index, &Poison{Rejected: true, Reason: string(reason)}, nil
	}
	return result, 0, nil, nil
}

func (r *Run) fold(ctx context.Context, batch []byte) ([]byte, error) {
	if !r.measured {
		return r.instance.Fold(ctx, batch)
	}
	out, spent, err := r.instance.FoldMeasured(ctx, batch)
	if err == nil && r.projection.module.Marks() {
		r.spent = append(r.spent, spent.Events...)
	} else if err == nil {
		r.spent = append(r.spent, spent.Rest)
	}
	return out, err
}

func (r *Run) noteKeys(in frame.Batch) {
	if !r.projection.keyed() {
		return
	}
	for g := range in.Groups() {
		for e := range g.Events() {
			r.keys[event.Position(e.Position())] = string(g.Key())
		}
	}
}

// unperformable is the first of the effects that no executor can perform, by the index of its
// event. As in an engine, it is that event which cannot be folded.
func unperformable(effects []effect.Effect, events []*event.Recorded) (index int, poison *Poison) {
	for i := range effects {
		e := &effects[i]
		err := e.Validate()
		if err == nil && e.Kind == effect.EmitEvent {
			if invalid := event.ValidateTypeName(e.Name); invalid != nil {
				err = fmt.Errorf("its type %w", invalid)
			}
		}
		if err == nil {
			continue
		}
		index = slices.IndexFunc(events, func(r *event.Recorded) bool { return r.Position == e.Cause })
		return index, &Poison{Code: BadEffect, Reason: fmt.Sprintf("no executor can perform its effect %s %.64q: %v", e.Kind, e.Name, err)}
	}
	return -1, nil
}

// take keeps what a fold made.
func (r *Run) take(events []event.Recorded, batch *feed.Batch, result frame.Result, effects []effect.Effect) {
	for g := range result.Groups() {
		key := string(batch.Keys[g.Group])
		switch g.Disposition {
		case frame.Set:
			r.states[key] = append([]byte{}, g.State...)
		case frame.Remove:
			delete(r.states, key)
		}
	}
	for i := range effects {
		effects[i].Body = bytes.Clone(effects[i].Body)
	}
	r.out.Effects = append(r.out.Effects, effects...)
	r.filtered(events, batch.Events)
	if r.projection.resident() {
		r.history = append(r.history, slices.Clone(events))
	}
}

func (r *Run) filtered(events []event.Recorded, folded []*event.Recorded) {
	if len(folded) == len(events) {
		return
	}
	taken := make(map[event.Position]bool, len(folded))
	for _, e := range folded {
		taken[e.Position] = true
	}
	for i := range events {
		if !taken[events[i].Position] {
			r.out.Filtered = append(r.out.Filtered, events[i].Position)
		}
	}
}

// recover brings the instance back to where it was before a batch that failed. An
// instance that only rejected an event, and has no memory of its own, goes on.
func (r *Run) recover(ctx context.Context, poison *Poison) error {
	if poison.Rejected && !r.projection.resident() {
		return nil
	}
	return r.restart(ctx)
}

// restart replaces the instance by a fresh one, with its history folded again.
func (r *Run) restart(ctx context.Context) error {
	if err := r.replace(ctx); err != nil {
		return err
	}
	for _, events := range r.history {
		batch, err := r.builder.Build(events, nil)
		if err != nil {
			return fmt.Errorf("folding again: %w", err)
		}
		if batch.Frame == nil {
			continue
		}
		if _, err := r.instance.Fold(ctx, batch.Frame); err != nil {
			return fmt.Errorf("what was folded once is not folded again: %w", err)
		}
	}
	return nil
}

func (r *Run) replace(ctx context.Context) error {
	fresh, err := r.projection.module.Instantiate(ctx)
	if err != nil {
		return err
	}
	err = r.instance.Close(ctx)
	r.instance = fresh
	return err
}

// move goes on with another instance, by way of a snapshot if the instance's
// memory counts.
func (r *Run) move(ctx context.Context) error {
	if !r.projection.resident() {
		return r.replace(ctx)
	}
	taken, err := r.instance.Snapshot(ctx)
	if err != nil {
		return err
	}
	if err := r.replace(ctx); err != nil {
		return err
	}
	return r.instance.Restore(ctx, taken)
}

// effectsOf are the effects that events of a set caused.
func effectsOf(list []effect.Effect, wanted func(event.Position) bool) []effect.Effect {
	var chosen []effect.Effect
	for i := range list {
		if wanted(list[i].Cause) {
			chosen = append(chosen, list[i])
		}
	}
	return chosen
}
