package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/engine/internal/root"
	"github.com/refold-dev/refold/sdk/manifest"
)

// bisect says where, behind a position at which a generation still was what its log
// makes of it, it began to be something else.
func (v *verification) bisect(ctx context.Context, after event.Position, expected, found root.Root) (*Difference, error) {
	d := &Difference{Cause: Stored, After: after, Position: found.Position}
	d.In, d.Expected, d.Found = part(expected, found)
	if d.In == InAnswer {
		after, d.After = v.answered, v.answered
		v.nameAnswers(ctx, d)
	}
	if d.In == InStates && found.Position == v.kept.Mark().Position {
		if err := v.compareStates(d); err != nil {
			return nil, err
		}
	}
	return v.bisectTrials(ctx, after, found.Position, d, found.Effects)
}

// bisectTrials looks for an event to blame between two positions, in trials from one and
// the same state. Where there is none, all folds from there come to the same, and only
// what is stored is something else; if they come to that, what they began with is to
// blame: another batch.
func (v *verification) bisectTrials(ctx context.Context, after, through event.Position, d *Difference, stored root.Digest) (_ *Difference, err error) {
	s, err := v.openShadow(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	if err := s.foldTo(ctx, after); err != nil {
		return nil, err
	}
	t := &trials{shadow: s, origin: &v.origin, after: after, total: int(through - after)}
	whole := s.opts.BatchSize
	for _, pair := range []struct {
		cause string
		sizes [2]int
	}{{Impure, [2]int{whole, whole}}, {ByBatches, [2]int{whole, 1}}} {
		n, err := t.first(ctx, pair.sizes)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			d.Cause, d.Position, d.Key = pair.cause, after+event.Position(n), nil
			d.Exact = n == 1 || pair.cause == Impure // else any of the batch's may be it
			return d, t.explain(ctx, d, n, pair.sizes)
		}
	}
	if d.In == InEffects && t.effects == stored {
		d.Cause = ByBatches
	}
	if d.Exact = d.Position == after+1; d.Exact {
		d.Event, err = v.eventNamed(ctx, d.Position)
	}
	return d, err
}

// nameAnswers tells answers in the place of their digests, as far as they are to be had.
func (v *verification) nameAnswers(ctx context.Context, d *Difference) {
	if expected, err := v.shadow.ask(ctx, ""); err == nil {
		d.Expected = shortened(string(expected))
	}
	d.Found = "an answer with the SHA-256 " + d.Found
	if found, at, err := v.answer(ctx); err == nil && at == d.Position {
		d.Found = shortened(string(found))
	}
}

// eventNamed says which event is at a position.
func (o *origin) eventNamed(ctx context.Context, at event.Position) (*EventName, error) {
	for events, err := range o.opts.Log.Follow(ctx, at-1) {
		if err != nil {
			return nil, err
		}
		return nameOf(&events[0]), nil
	}
	return nil, ctx.Err()
}

// trials are folds of the events behind a state that is stored, which they leave as it
// is. They are folded by one instance, one trial after the other: what it remembers of
// the ones before, or has of elsewhere, shows.
type trials struct {
	*shadow
	origin  *origin
	after   event.Position
	total   int         // events that there are
	effects root.Digest // of the last trial
}

// outcome is what has come of a trial.
type outcome struct {
	sum     [sha256.Size]byte
	effects []string // of the last event
	states  []string // of its key
	answer  string
}

// first is how many events two trials with batches of two sizes have to fold at least
// until they differ; 0 if they never do.
func (t *trials) first(ctx context.Context, sizes [2]int) (int, error) {
	var failed error
	differ := func(n int) bool {
		var sums [2][sha256.Size]byte
		for i, size := range sizes {
			o, err := t.fold(ctx, n, size)
			if err != nil {
				failed = errors.Join(failed, err)
				return true
			}
			sums[i] = o.sum
		}
		return sums[0] != sums[1]
	}
	if t.total == 0 || !differ(t.total) || failed != nil {
		return 0, failed
	}
	n := 1 + sort.Search(t.total-1, func(i int) bool { return failed != nil || differ(i+1) })
	return n, failed
}

// fold folds the first n events in batches of at most a size.
func (t *trials) fold(ctx context.Context, n, size int) (o outcome, err error) {
	if err := t.reset(ctx); err != nil {
		return o, err
	}
	d := delivery.NewDispatch(ctx, nil)
	defer d.Stop()
	last := t.after + event.Position(n)
	for events, err := range t.events(ctx, last, size) {
		if err != nil {
			return o, err
		}
		if err := t.shadow.fold(ctx, d, events); err != nil {
			o.note(err)
			break // so it ends both times, or that is the difference
		}
		if err := t.land(); err != nil {
			return o, err
		}
		if events[len(events)-1].Position == last {
			o.take(t.generation, last)
		}
	}
	return o, t.sum(ctx, &o)
}

// events are those behind the state up to a position.
func (t *trials) events(ctx context.Context, last event.Position, size int) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for b := range chunks(t.opts.Log.Follow(ctx, t.after), size) {
			events := upTo(b.events, last)
			if b.err == nil && len(events) == 0 || !yield(events, b.err) || b.err != nil || events[len(events)-1].Position == last {
				return
			}
		}
	}
}

// reset goes back to what is stored, with the same instance.
func (t *trials) reset(ctx context.Context) error {
	t.flying, t.sealed = nil, nil
	t.changes, t.changing = map[string][]byte{}, 0
	t.moveTo(t.kept.Mark())
	if err := t.aside.reload(t.kept); err != nil || t.manifest.State != manifest.Resident {
		return err
	}
	snapshot, err := t.kept.Snapshot()
	if err != nil {
		return err
	}
	if snapshot == nil {
		return t.replacePlugin(ctx)
	}
	return t.plugin.Restore(ctx, snapshot)
}

func (o *outcome) note(err error) { o.effects = append(o.effects, "error: "+err.Error()) }

// take takes note of what the last batch has come to, for people.
func (o *outcome) take(g *generation, at event.Position) {
	for i := range g.effects {
		if f := &g.effects[i]; f.Cause == at {
			o.effects = append(o.effects, describe(f))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(g.changes)) {
		text := "removed"
		if state := g.changes[key]; state != nil {
			text = string(stateText(state))
		}
		o.states = append(o.states, fmt.Sprintf("state of %q: %s", key, text))
	}
}

func describe(f *effect.Effect) string {
	text := f.Kind.String()
	for _, part := range []string{f.Name, f.Key, string(f.Body)} {
		if part != "" {
			text += " " + part
		}
	}
	return text
}

// sum digests all that a trial has come to.
func (t *trials) sum(ctx context.Context, o *outcome) error {
	h := sha256.New()
	t.effects = t.mark.Effects.Sum()
	h.Write(t.effects[:])
	var states, aside root.Set
	for key, state := range t.changes {
		if state == nil {
			states.Add(nil, []byte("removed "+key), nil)
			continue
		}
		states.Add(nil, []byte("is "+key), state)
	}
	for _, w := range t.aside.change.Waits {
		aside.Add(nil, []byte(w.Key), fmt.Append(nil, w.Position))
	}
	h.Write(states.Digest[:])
	h.Write(aside.Digest[:])
	fmt.Fprintln(h, t.mark.Position, t.mark.Delivered, t.mark.DeadLettered, o.effects)
	if t.manifest.State == manifest.Resident {
		answer, err := t.ask(ctx, "")
		if err != nil {
			answer = nil // it answers nothing, or not to this
		}
		o.answer = string(answer)
		h.Write(answer)
	}
	o.sum = [sha256.Size]byte(h.Sum(nil))
	return ctx.Err()
}

// explain says what an event has come to in two trials.
func (t *trials) explain(ctx context.Context, d *Difference, n int, sizes [2]int) (err error) {
	if d.Exact {
		if d.Event, err = t.origin.eventNamed(ctx, d.Position); err != nil {
			return err
		}
	}
	var outcomes [2]outcome
	for i, size := range sizes {
		if outcomes[i], err = t.fold(ctx, n, size); err != nil {
			return err
		}
	}
	a, b := outcomes[0], outcomes[1]
	switch {
	case !slices.Equal(a.effects, b.effects):
		d.In, d.Expected, d.Found = InEffects, strings.Join(a.effects, "\n"), strings.Join(b.effects, "\n")
	case a.answer != b.answer:
		d.In, d.Expected, d.Found = InAnswer, a.answer, b.answer
	default:
		d.In = InStates
		d.Expected, d.Found = unlike(a.states, b.states), unlike(b.states, a.states)
	}
	return ctx.Err()
}

// unlike are the lines that others do not have.
func unlike(lines, others []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return slices.Contains(others, l) }), "\n")
}

// compareStates names the first key, in their order, whose state differs.
func (v *verification) compareStates(d *Difference) error {
	differ := errors.New("a state differs")
	err := v.shadow.kept.Read(func(expected func([]byte) ([]byte, bool)) error {
		return v.kept.Each(func(key, found []byte) error {
			if want, ok := expected(key); !ok || string(want) != string(found) {
				d.nameState(key, want, found, ok)
				return differ
			}
			return nil
		})
	})
	if err == nil { // then there is one that is not there
		err = v.kept.Read(func(found func([]byte) ([]byte, bool)) error {
			return v.shadow.kept.Each(func(key, want []byte) error {
				if _, ok := found(key); !ok {
					d.nameState(key, want, nil, true)
					return differ
				}
				return nil
			})
		})
	}
	if errors.Is(err, differ) {
		return nil
	}
	return err
}

func (d *Difference) nameState(key, want, found []byte, expected bool) {
	k := string(key)
	d.Key, d.Expected, d.Found = &k, "no state", "no state"
	if expected {
		d.Expected = string(stateText(want))
	}
	if found != nil {
		d.Found = string(stateText(found))
	}
}
