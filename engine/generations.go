package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// former is a generation that has served and is kept since.
type former struct {
	number uint64
	until  time.Time
}

// others are the stored generations that are not active: those that have served, the
// latest first, and those that never have, or are not to again.
func (p *pipeline) others() (kept []former, rest []uint64, err error) {
	active, _, err := p.store.Generations()
	if err != nil {
		return nil, nil, err
	}
	all, err := p.store.All()
	if err != nil {
		return nil, nil, err
	}
	for _, number := range all {
		if number == active {
			continue
		}
		g, err := p.store.Generation(number)
		if err != nil {
			return nil, nil, err
		}
		until, ok, err := g.Served()
		if err != nil {
			return nil, nil, err
		}
		if ok {
			kept = append(kept, former{number, until})
		} else {
			rest = append(rest, number)
		}
	}
	slices.SortStableFunc(kept, func(a, b former) int { return b.until.Compare(a.until) })
	return kept, rest, nil
}

// surplus are the generations that nothing needs: what builds have left that did not
// come to their end, and whose jobs will not, and what has served and is not to be kept.
func (p *pipeline) surplus() ([]uint64, error) {
	kept, rest, err := p.others()
	if err != nil {
		return nil, err
	}
	policy := &p.declared.spec.Generations
	for i, s := range kept {
		if i >= policy.Kept() || policy.For > 0 && p.opts.Now().Sub(s.until) >= policy.For.Std() {
			rest = append(rest, s.number)
		}
	}
	return slices.DeleteFunc(rest, func(number uint64) bool { return p.jobs.holds(p.name, number) }), nil
}

// expiry fires when the next generation has been kept for as long as it is to be.
func (p *pipeline) expiry() <-chan time.Time {
	limit := p.declared.spec.Generations.For.Std()
	if limit <= 0 {
		return nil
	}
	kept, _, err := p.others()
	if err != nil || len(kept) == 0 {
		return nil
	}
	oldest := kept[len(kept)-1].until
	return time.After(max(oldest.Add(limit).Sub(p.opts.Now()), time.Second)) // one that does not go is tried again
}

// dropSurplus removes what nothing needs. What does not go away, as in a sink that is out
// of reach, stops nothing: it stays for the next swap or start.
func (p *pipeline) dropSurplus(ctx context.Context) error {
	list, err := p.surplus()
	if err != nil {
		return err
	}
	for _, number := range list {
		if err := p.discard(ctx, number); err != nil {
			p.opts.Logger.Warn("a generation that is not needed any more stays for now", "pipeline", p.name, "generation", number, "error", err)
		}
	}
	return ctx.Err()
}

// discard removes a generation that is not active. An executor that has fenced it off has
// nothing of it any more.
func (p *pipeline) discard(ctx context.Context, number uint64) error {
	kept, err := p.store.Generation(number)
	if err != nil {
		return err
	}
	spec, _, noted, err := p.declared.specOf(kept)
	if err != nil {
		return err
	}
	if !noted {
		spec = p.declared.spec
	}
	var errs []error
	for _, x := range spec.Executors {
		opened, err := p.opts.OpenExecutor(ctx, x, p.name, number)
		switch {
		case err == nil:
			errs = append(errs, discardAll(ctx, []Executor{opened}), opened.Close())
		case !isFenced(err):
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("discarding generation %d: %w", number, err)
	}
	return p.store.Drop(number)
}

// retain has the executors of the live generation drop what the state knows nothing of,
// such as what another state has left behind. Nobody may be folding.
func (p *pipeline) retain(ctx context.Context) {
	if p.live == nil {
		return
	}
	all, err := p.store.All()
	if err != nil {
		return // whoever needs it says so
	}
	for i, x := range p.live.executors {
		k, ok := x.(Keeper)
		if !ok {
			continue
		}
		if err := k.Retain(ctx, all); err != nil {
			p.opts.Logger.Warn("what nobody needs of older generations stays for now", "pipeline", p.name, "executor", p.live.names[i], "error", err)
		}
	}
}

// keepsBefore reports whether the active generation will still be there when next has
// been activated, and is worth it.
func (p *pipeline) keepsBefore(next *generation) (bool, error) {
	for _, x := range next.executors {
		k, ok := x.(Keeper)
		if ok && !k.Keeps() || !ok && !x.Active() {
			return false, nil
		}
	}
	kept, err := served(p.store)
	return kept != nil, err
}
