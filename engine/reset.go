package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// noIdentity is that of a generation which nothing has been folded into, and
// nothing will be: whoever finds it rebuilds. Its mark says only up to where the
// ones before it have had effects performed.
const noIdentity = ""

// reset throws the read model away and has it rebuilt. No live run is under way.
func (p *pipeline) reset(ctx context.Context, rebuild func(context.Context) error) error {
	if err := p.life.ask(inReset, ""); err != nil {
		return err
	}
	if err := p.empty(context.WithoutCancel(ctx)); err != nil {
		return p.fault(fmt.Errorf("pipeline %s: throwing its read model away: %w", p.name, err))
	}
	return rebuild(ctx)
}

// empty puts an empty generation in the place of the one that serves, by the way
// of every swap: so a crash in its midst is mended as that of a swap is.
func (p *pipeline) empty(ctx context.Context) error {
	kept, executors, err := p.openEmpty(ctx)
	if err != nil {
		return err
	}
	if before := p.live; before != nil {
		if err := closeAll(before.executors); err != nil {
			return errors.Join(err, discardAll(ctx, executors), p.store.Drop(kept.Number()))
		}
	}
	if err := p.store.BeginActivation(kept.Number(), false); err != nil {
		return errors.Join(err, closeAll(executors))
	}
	if err := errors.Join(activateAll(ctx, executors), closeAll(executors)); err != nil {
		return err
	}
	before, err := p.withdraw(kept.Number())
	p.release(ctx, before)
	if err != nil {
		return err
	}
	return p.dropSurplus(ctx)
}

// openEmpty makes an empty generation, behind whatever another engine has made.
func (p *pipeline) openEmpty(ctx context.Context) (*checkpoint.Generation, []Executor, error) {
	for {
		kept, err := p.createEmpty()
		if err != nil {
			return nil, nil, err
		}
		executors, err := p.openExecutors(ctx, &p.declared.spec, kept.Number())
		if err == nil {
			return kept, executors, nil
		}
		err = errors.Join(err, p.store.Drop(kept.Number()))
		by, replaced := replacedBy(err)
		if !replaced {
			return nil, nil, err
		}
		if failure := p.store.Reserve(by); failure != nil {
			return nil, nil, errors.Join(err, failure)
		}
	}
}

func (p *pipeline) createEmpty() (*checkpoint.Generation, error) {
	active, _, err := p.store.Generations()
	if err != nil {
		return nil, err
	}
	before, err := p.store.Generation(active)
	if err != nil {
		return nil, err
	}
	n, err := p.note()
	if err != nil {
		return nil, err
	}
	kept, err := p.store.Create(noIdentity, p.declared.module, n)
	if err != nil {
		return nil, err
	}
	performed := before.Mark().Position
	return kept, kept.Commit(checkpoint.Mark{
		Position: performed, Filtered: uint64(performed), Identity: noIdentity, Module: p.declared.module,
	}, nil, nil, nil)
}

// withdraw has readers see none of the generations but an empty one. None of them is
// kept.
func (p *pipeline) withdraw(empty uint64) (before *generation, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.store.FinishActivation(empty, p.opts.Now()); err != nil {
		return nil, err
	}
	before, p.live = p.live, nil
	p.outdated, p.change = false, nil
	return before, errors.Join(p.store.ForgetServed(), p.store.SetRollback(nil))
}
