package projection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Log is a log to hold laws to: events in the order of their positions, and the
// sizes of the batches that they come in; what they leave over is one more.
type Log struct {
	Events  []event.Recorded
	Batches []int
	// States are those that keys have before the first event.
	States map[string][]byte
}

// Law is one of what makes a fold a pure function of its events.
type Law struct {
	// Name is the law's in JSON.
	Name string
	// Says is what it says.
	Says string
	// kinds are the kinds of state that it is about; empty means all.
	kinds []manifest.State
	// check returns how a log shows that the law is broken; empty if it does not.
	check func(ctx context.Context, p *Projection, log Log) (string, error)
}

// Laws are the laws that one log can show to be broken.
func Laws() []Law {
	return []Law{
		{"limits", "it keeps to its fuel, stack, memory and output", nil, limits},
		{"totality", "no event makes it fail", nil, totality},
		{"determinism", "the same events give the same bytes, on any instance", nil, determinism},
		{"split", "it does not matter how events are cut into batches", nil, split},
		{"snapshot", "another instance goes on where one stops", nil, snapshot},
		{"isolation", "a key does not feel the events of others", []manifest.State{manifest.Keyed}, isolation},
	}
}

// Concerns reports whether the law is about a projection at all.
func (l Law) Concerns(p *Projection) bool {
	return len(l.kinds) == 0 || slices.Contains(l.kinds, p.manifest.State)
}

// Check returns how a log shows that the projection breaks the law; empty if it
// does not.
func (l Law) Check(ctx context.Context, p *Projection, log Log) (string, error) {
	if !l.Concerns(p) {
		return "", nil
	}
	breach, err := l.check(ctx, p, log)
	var guest *runtime.GuestError
	if errors.As(err, &guest) { // in a place where none may fail, such as starting an instance
		return guest.Error(), nil
	}
	if err != nil {
		return "", fmt.Errorf("checking %s: %w", l.Name, err)
	}
	return breach, nil
}

// with runs a log, with something done between its batches.
func with(ctx context.Context, p *Projection, log Log, between func(*Run) error) (r *Run, out *Outcome, err error) {
	if r, err = p.Start(ctx); err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, r.Close(ctx)) }()
	out, err = r.all(ctx, log, between)
	return r, out, err
}

func (r *Run) all(ctx context.Context, log Log, between func(*Run) error) (*Outcome, error) {
	for key, state := range log.States {
		r.Give(key, state)
	}
	events := log.Events
	for _, size := range log.Batches {
		size = min(size, len(events))
		if err := r.Fold(ctx, events[:size]); err != nil {
			return nil, err
		}
		events = events[size:]
		if between == nil || len(events) == 0 {
			continue
		}
		if err := between(r); err != nil {
			return nil, err
		}
	}
	if err := r.Fold(ctx, events); err != nil {
		return nil, err
	}
	return r.Outcome(ctx)
}

// determinism folds a log with two fresh instances and, where nothing may be left
// of it, with one of them once more.
func determinism(ctx context.Context, p *Projection, log Log) (_ string, err error) {
	first, a, err := with(ctx, p, log, nil)
	if err != nil {
		return "", err
	}
	second, err := p.Start(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, second.Close(ctx)) }()
	b, err := second.all(ctx, log, nil)
	if err != nil {
		return "", err
	}
	if d := differs("one instance", first, a, "a fresh instance", second, b); d != "" || p.resident() {
		return d, nil
	}
	second.reset()
	again, err := second.all(ctx, log, nil)
	if err != nil {
		return "", err
	}
	return differs("first", first, a, "again with the same instance", second, again), nil
}

// differs compares results byte by byte.
func differs(nameA string, a *Run, outA *Outcome, nameB string, b *Run, outB *Outcome) string {
	if d := difference(nameA, outA, nameB, outB); d != "" {
		return d
	}
	if i := unequal(a.results, b.results); i >= 0 {
		return fmt.Sprintf("the result frames of batch %d say the same and differ in their bytes: something is in them that nobody wrote", i+1)
	}
	return ""
}

func unequal(a, b [][]byte) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || !bytes.Equal(a[i], b[i]) {
			return i
		}
	}
	return -1
}

// split folds a log in its batches and in one: fold(a ++ b) = fold(b) after
// fold(a).
func split(ctx context.Context, p *Projection, log Log) (string, error) {
	_, parts, err := with(ctx, p, log, nil)
	if err != nil {
		return "", err
	}
	_, whole, err := with(ctx, p, Log{Events: log.Events, States: log.States}, nil)
	if err != nil {
		return "", err
	}
	return difference("in one batch", whole, fmt.Sprintf("in batches of %d", log.Sizes()), parts), nil
}

// Sizes are the sizes of all batches, the last one included.
func (log Log) Sizes() []int {
	var list []int
	left := len(log.Events)
	for _, size := range log.Batches {
		if size = min(size, left); size > 0 {
			list = append(list, size)
		}
		left -= size
	}
	if left > 0 {
		list = append(list, left)
	}
	return list
}

// snapshot moves a projection to another instance between any two batches.
func snapshot(ctx context.Context, p *Projection, log Log) (string, error) {
	_, stays, err := with(ctx, p, log, nil)
	if err != nil {
		return "", err
	}
	_, moves, err := with(ctx, p, log, func(r *Run) error { return r.move(ctx) })
	if err != nil {
		return "", err
	}
	return difference("with one instance", stays, fmt.Sprintf("with another instance for each of the batches %d", log.Sizes()), moves), nil
}

// isolation folds the events of each key without those of others.
func isolation(ctx context.Context, p *Projection, log Log) (string, error) {
	together, whole, err := with(ctx, p, log, nil)
	if err != nil {
		return "", err
	}
	for _, key := range slices.Sorted(maps.Keys(keySet(together.keys))) {
		mine := func(at event.Position) bool { return together.hasKey(at, key) }
		var events []event.Recorded
		for _, e := range log.Events {
			if mine(e.Position) {
				events = append(events, e)
			}
		}
		own := Log{Events: events, States: map[string][]byte{}}
		if state, ok := log.States[key]; ok {
			own.States[key] = state
		}
		_, alone, err := with(ctx, p, own, nil)
		if err != nil {
			return "", err
		}
		among := only(whole, key, mine)
		if d := difference(fmt.Sprintf("the events of key %q alone", key), alone, "among those of other keys", among); d != "" {
			return d, nil
		}
	}
	return "", nil
}

func (r *Run) hasKey(at event.Position, key string) bool {
	k, ok := r.keys[at]
	return ok && k == key
}

func keySet(keys map[event.Position]string) map[string]bool {
	set := map[string]bool{}
	for _, key := range keys {
		set[key] = true
	}
	return set
}

// only is what an outcome says of one key.
func only(o *Outcome, key string, mine func(event.Position) bool) *Outcome {
	out := &Outcome{States: map[string][]byte{}, Effects: effectsOf(o.Effects, mine)}
	if state, ok := o.States[key]; ok {
		out.States[key] = state
	}
	for _, p := range o.Poison {
		if mine(p.Position) {
			out.Poison = append(out.Poison, p)
		}
	}
	return out
}

// overLimit are the codes of a guest that asks for more than it may have.
var overLimit = []runtime.Code{runtime.OutOfFuel, runtime.StackOverflow, runtime.OutOfMemory, runtime.OutputTooLarge}

func totality(ctx context.Context, p *Projection, log Log) (string, error) {
	return failing(ctx, p, log, func(c runtime.Code) bool { return c != UnfitEvent && !slices.Contains(overLimit, c) })
}

func limits(ctx context.Context, p *Projection, log Log) (string, error) {
	return failing(ctx, p, log, func(c runtime.Code) bool { return slices.Contains(overLimit, c) })
}

// failing names the first event that fails in one of some ways.
func failing(ctx context.Context, p *Projection, log Log, way func(runtime.Code) bool) (string, error) {
	_, out, err := with(ctx, p, log, nil)
	if err != nil {
		return "", err
	}
	for i := range out.Poison {
		poison := &out.Poison[i]
		switch {
		case poison.Rejected || !way(poison.Code): // not what is looked for
		case poison.Position == 0:
			return "the query of its state " + poison.String(), nil
		default:
			return fmt.Sprintf("event %d %s", poison.Position, poison), nil
		}
	}
	return "", nil
}
