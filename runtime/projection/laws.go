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
	// check returns how a log shows that the law is broken; empty if it does not.
	check func(ctx context.Context, t *Trial) (string, error)
	// skips returns why the law is not about a projection; nil where it is about all.
	skips func(p *Projection) string
}

// Laws are the laws that one log can show to be broken.
func Laws() []Law {
	return []Law{
		{"limits", "it keeps to its fuel, stack, memory and output", limits, nil},
		{"totality", "no event makes it fail", totality, nil},
		{"determinism", "the same events give the same bytes, on any instance", determinism, nil},
		{"split", "it does not matter how events are cut into batches", split, nil},
		{"snapshot", "another instance goes on where one stops", snapshot, nil},
		{"isolation", "a key does not feel the events of others", isolation, unlessKeyed},
		{"queries", "asking for its state does not change it", queries, unlessAnswering},
	}
}

func unlessKeyed(p *Projection) string {
	if p.keyed() {
		return ""
	}
	return fmt.Sprintf("the projection is %s", p.manifest.State)
}

func unlessAnswering(p *Projection) string {
	switch {
	case !p.resident():
		return fmt.Sprintf("the projection is %s", p.manifest.State)
	case !p.answers():
		return "the projection answers no queries"
	}
	return ""
}

// Skips returns why the law is not about a projection; it is empty if it is.
func (l Law) Skips(p *Projection) string {
	if l.skips == nil {
		return ""
	}
	return l.skips(p)
}

// Check returns how a trial shows that the projection breaks the law; empty if it
// does not.
func (l Law) Check(ctx context.Context, t *Trial) (string, error) {
	if l.Skips(t.projection) != "" {
		return "", nil
	}
	breach, err := l.check(ctx, t)
	var guest *runtime.GuestError
	if errors.As(err, &guest) { // in a place where none may fail, such as starting an instance
		return guest.Error(), nil
	}
	if err != nil {
		return "", fmt.Errorf("checking %s: %w", l.Name, err)
	}
	return breach, nil
}

// Trial is a log to try laws on. What it comes to when nothing is done between its
// batches is found out once: every law compares something with that. It is used by
// one goroutine.
type Trial struct {
	projection *Projection
	log        Log
	run        *Run // without its instance, which is closed; nil before the log is folded
	out        *Outcome
}

// Try makes a trial of a log, which must not change any more.
func (p *Projection) Try(log Log) *Trial { return &Trial{projection: p, log: log} }

// Log is the log that is tried.
func (t *Trial) Log() Log { return t.log }

// Outcome is what the log comes to.
func (t *Trial) Outcome(ctx context.Context) (*Outcome, error) {
	_, out, err := t.plain(ctx)
	return out, err
}

func (t *Trial) plain(ctx context.Context) (*Run, *Outcome, error) {
	if t.run != nil {
		return t.run, t.out, nil
	}
	r, out, err := with(ctx, t.projection, t.log, nil)
	if err == nil {
		t.run, t.out = &Run{results: r.results, keys: r.keys}, out
	}
	return r, out, err
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
func determinism(ctx context.Context, t *Trial) (_ string, err error) {
	first, a, err := t.plain(ctx)
	if err != nil {
		return "", err
	}
	second, err := t.projection.Start(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, second.Close(ctx)) }()
	b, err := second.all(ctx, t.log, nil)
	if err != nil {
		return "", err
	}
	if d := differs("one instance", first, a, "a fresh instance", second, b); d != "" || t.projection.resident() {
		return d, nil
	}
	second.reset()
	again, err := second.all(ctx, t.log, nil)
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
func split(ctx context.Context, t *Trial) (string, error) {
	_, parts, err := t.plain(ctx)
	if err != nil {
		return "", err
	}
	_, whole, err := with(ctx, t.projection, Log{Events: t.log.Events, States: t.log.States}, nil)
	if err != nil {
		return "", err
	}
	return difference("in one batch", whole, fmt.Sprintf("in batches of %d", t.log.Sizes()), parts), nil
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
func snapshot(ctx context.Context, t *Trial) (string, error) {
	_, stays, err := t.plain(ctx)
	if err != nil {
		return "", err
	}
	_, moves, err := with(ctx, t.projection, t.log, func(r *Run) error { return r.move(ctx) })
	if err != nil {
		return "", err
	}
	return difference("with one instance", stays, fmt.Sprintf("with another instance for each of the batches %d", t.log.Sizes()), moves), nil
}

// maxParts is how many folds isolation takes at most beside that of all keys.
const maxParts = 8

// isolation folds the events of each key without those of others; where there are
// many keys, those of some without those of the others.
func isolation(ctx context.Context, t *Trial) (string, error) {
	together, whole, err := t.plain(ctx)
	if err != nil {
		return "", err
	}
	keys := slices.Sorted(maps.Values(together.keys))
	keys = slices.Compact(keys)
	for first := range min(maxParts, len(keys)) {
		part := map[string]bool{}
		for i := first; i < len(keys); i += maxParts { // neighbours are apart
			part[keys[i]] = true
		}
		own, mine := together.without(t.log, part)
		_, alone, err := with(ctx, t.projection, own, nil)
		if err != nil {
			return "", err
		}
		name := fmt.Sprintf("the events of key %q alone", keys[first])
		if len(part) > 1 {
			name = fmt.Sprintf("the events of %d of %d keys alone", len(part), len(keys))
		}
		if d := difference(name, alone, "among those of other keys", only(whole, part, mine)); d != "" {
			return d, nil
		}
	}
	return "", nil
}

// without is a log without the events and the states of keys but some, in one
// batch. mine reports whether an event is in it.
func (r *Run) without(log Log, part map[string]bool) (own Log, mine func(event.Position) bool) {
	mine = func(at event.Position) bool {
		key, keyed := r.keys[at]
		return keyed && part[key]
	}
	own.States = map[string][]byte{}
	for _, e := range log.Events {
		if mine(e.Position) {
			own.Events = append(own.Events, e)
		}
	}
	for key, state := range log.States {
		if part[key] {
			own.States[key] = state
		}
	}
	return own, mine
}

// only is what an outcome says of some keys.
func only(o *Outcome, part map[string]bool, mine func(event.Position) bool) *Outcome {
	out := &Outcome{States: map[string][]byte{}, Effects: effectsOf(o.Effects, mine)}
	for key, state := range o.States {
		if part[key] {
			out.States[key] = state
		}
	}
	for _, p := range o.Poison {
		if mine(p.Position) {
			out.Poison = append(out.Poison, p)
		}
	}
	return out
}

// queries asks a resident projection for its state between any two batches, and
// twice at the end.
func queries(ctx context.Context, t *Trial) (_ string, err error) {
	_, unasked, err := t.plain(ctx)
	if err != nil {
		return "", err
	}
	r, err := t.projection.Start(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, r.Close(ctx)) }()
	asked, err := r.all(ctx, t.log, func(r *Run) error { return r.ask(ctx) })
	if err != nil {
		return "", err
	}
	again, err := r.Outcome(ctx)
	if err != nil {
		return "", err
	}
	if d := difference("asked at the end", unasked, fmt.Sprintf("asked behind each of the batches %d", t.log.Sizes()), asked); d != "" {
		return d, nil
	}
	return difference("asked once", asked, "asked once more", again), nil
}

// overLimit are the codes of a guest that asks for more than it may have.
var overLimit = []runtime.Code{runtime.OutOfFuel, runtime.StackOverflow, runtime.OutOfMemory, runtime.OutputTooLarge}

func totality(ctx context.Context, t *Trial) (string, error) {
	return failing(ctx, t, func(c runtime.Code) bool { return c != UnfitEvent && !slices.Contains(overLimit, c) })
}

func limits(ctx context.Context, t *Trial) (string, error) {
	return failing(ctx, t, func(c runtime.Code) bool { return slices.Contains(overLimit, c) })
}

// failing names the first event that fails in one of some ways.
func failing(ctx context.Context, t *Trial, way func(runtime.Code) bool) (string, error) {
	_, out, err := t.plain(ctx)
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
