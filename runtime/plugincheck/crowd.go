package plugincheck

import (
	"context"
	"fmt"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/runtime/projection"
)

// crowdedCases is how many crowded logs each law is tried on, reduces how often
// events are left out of one that breaks it.
const (
	crowdedCases = 6
	reduces      = 300
)

// crowd is a crowded log, as it is drawn and as it is tried.
type crowd struct {
	drawn [][]atom
	trial *projection.Trial
}

// tryCrowds tries a law on crowded logs until one breaks it, and leaves out of that
// what it can.
func (c *checker) tryCrowds(ctx context.Context, v *Verdict, check func(*projection.Trial) (string, error)) (failure error) {
	if c.crowds == nil {
		if failure = c.drawCrowds(ctx); failure != nil {
			return failure
		}
	}
	breaks := func(drawn [][]atom) (broken bool) {
		if failure == nil {
			broken, failure = v.broken(c.crowd(drawn).trial, 0, check)
		}
		return broken
	}
	for _, one := range c.crowds {
		broken, err := v.broken(one.trial, 0, check)
		if err != nil {
			return err
		}
		if broken {
			reduce(one.drawn, reduces, breaks)
			break
		}
	}
	return failure
}

func (c *checker) crowd(drawn [][]atom) crowd {
	log, _ := c.vocabulary.log(drawn)
	return crowd{drawn, c.projection.Try(log)}
}

func (c *checker) drawCrowds(ctx context.Context) error {
	c.crowds = []crowd{}
	var failure error
	said := search(c.options.Seed, min(crowdedCases, c.options.Cases), func(t *rapid.T) {
		drawn := c.vocabulary.draw(t, crowded)
		if failure == nil {
			drawn, failure = c.calm(ctx, drawn)
			c.crowds = append(c.crowds, c.crowd(drawn))
		}
	})
	if failure == nil && said != "" {
		failure = fmt.Errorf("drawing crowded logs: %s", said)
	}
	return failure
}

// probe is which repetition of a step is tried out: one that is about an aggregate
// of its own, unless other steps are repeated as often.
const probe = 40

// calm leaves out the repetitions of events that cannot be folded: each costs an
// instance, and the few of the usual logs say as much.
func (c *checker) calm(ctx context.Context, drawn [][]atom) ([][]atom, error) {
	log, from := c.vocabulary.log(keep(drawn, func(a atom) bool { return a.n == 0 || a.n == probe }))
	out, err := c.projection.Fold(ctx, log)
	if err != nil {
		return nil, err
	}
	poisonous := map[*step]bool{}
	for i := range out.Poison {
		if at := out.Poison[i].Position; at > 0 && from[at-1].n == probe {
			poisonous[from[at-1].step] = true
		}
	}
	return keep(drawn, func(a atom) bool { return a.n == 0 || !poisonous[a.step] }), nil
}

// reduce leaves out of a log what it can, more and then less at a time, for as long
// as broken says that the rest still breaks the law. It tries so often at most.
func reduce(batches [][]atom, tries int, broken func([][]atom) bool) {
	for size := count(batches) / 2; size > 0; size /= 2 {
		for from := 0; from < count(batches) && tries > 0; tries-- {
			at := -1
			fewer := keep(batches, func(atom) bool { at++; return at < from || at >= from+size })
			if len(fewer) > 0 && broken(fewer) {
				batches = fewer
			} else {
				from += size
			}
		}
	}
}

func count(batches [][]atom) (n int) {
	for _, b := range batches {
		n += len(b)
	}
	return n
}

// keep is a copy with those that are wanted; want is asked in their order.
func keep(batches [][]atom, want func(atom) bool) (list [][]atom) {
	for _, b := range batches {
		var kept []atom
		for _, a := range b {
			if want(a) {
				kept = append(kept, a)
			}
		}
		if len(kept) > 0 {
			list = append(list, kept)
		}
	}
	return list
}
