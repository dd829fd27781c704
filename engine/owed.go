package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// owed is what a generation has never had performed, because an event was parked or
// left out, or one of its effects was. The next generation, which does not perform
// outside again what that one has, performs it once readers see it: until then it may
// be given up, and the older one go on.
type owed struct {
	events  map[event.Position]bool
	letters map[string]*checkpoint.Letter
}

func owedBy(kept *checkpoint.Generation) (*owed, error) {
	o := &owed{events: map[event.Position]bool{}}
	parked, err := kept.Parked()
	if err != nil {
		return nil, err
	}
	for key := range parked {
		waiting, err := kept.WaitingOf(key)
		if err != nil {
			return nil, err
		}
		for _, at := range waiting {
			o.events[at] = true
		}
	}
	o.letters, err = kept.Letters()
	return o, err
}

// is reports whether an executor has never been given an effect, or has left it out.
func (o *owed) is(executor string, f *effect.Effect) bool {
	if o.events[f.Cause] {
		return true
	}
	whole := checkpoint.Letter{Failure: checkpoint.Failure{Position: f.Cause}}
	single := whole
	single.Executor, single.Ordinal = executor, f.Ordinal
	return o.letters[whole.ID()] != nil || o.letters[single.ID()] != nil
}

// isOwed reports whether a letter is of an effect that nobody has tried to perform.
func isOwed(l *checkpoint.Letter) bool { return l.Executor != "" && l.Attempts == 0 }

// performOwed has the executors perform what the generation before this one owes.
// What cannot be performed stays among the dead letters, as what was tried. Nothing
// else must be folding.
func (g *generation) performOwed(ctx context.Context) error {
	kept, err := g.kept.Letters()
	if err != nil {
		return err
	}
	var all []Letter
	for id, l := range kept {
		if isOwed(l) {
			all = append(all, Letter{id, *l})
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b Letter) int {
		return cmp.Or(cmp.Compare(a.Executor, b.Executor), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Ordinal, b.Ordinal))
	})
	if err := g.settled(ctx); err != nil {
		return err
	}
	for len(all) > 0 {
		n := 1
		for n < len(all) && n < owedAtOnce && all[n].Executor == all[0].Executor {
			n++
		}
		if err := g.performLetters(ctx, all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// owedAtOnce is how many effects that are owed go in one batch.
const owedAtOnce = 256

// performLetters performs letters of one executor: all at once or, where one of them
// is poison, each by itself.
func (g *generation) performLetters(ctx context.Context, list []Letter) error {
	err := g.performAtOnce(ctx, list)
	var failed *DeliveryError
	if _, _, poisoned := delivery.Poisoned(err); !poisoned || !errors.As(err, &failed) {
		return err
	}
	for i := range list {
		if err := g.performLetter(ctx, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (g *generation) performAtOnce(ctx context.Context, list []Letter) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.Index(g.names, list[0].Executor)
	if at < 0 {
		return nil // it has gone since, and what it was owed with it
	}
	var effects []effect.Effect
	for i := range list {
		f, err := loadEffect(list[i].Effect)
		if err != nil {
			return fmt.Errorf("pipeline %s: reading the dead letter %s: %w", g.pipeline, list[i].ID, err)
		}
		effects = append(effects, f)
		put(&g.aside.change.Letters, list[i].ID, nil) // unless the executor leaves it out
	}
	if err := g.outlets[at].Perform(ctx, ctx, g.lateBatch(effects)); err != nil {
		for i := range list {
			delete(g.aside.change.Letters, list[i].ID)
		}
		return &DeliveryError{g.pipeline, g.mark.Position, err}
	}
	return g.storeNow(g.mark)
}
