package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/plugins/claim"
)

// Keeps reports whether generations that are not active stay until they are discarded:
// with [Config.ExistingTables] there is one set of tables, and the one before goes.
func (e *Executor) Keeps() bool { return !e.existingTables }

// Serving is the generation that readers see, as this executor has found it or brought
// about.
func (e *Executor) Serving() uint64 { return uint64(e.serving) }

// Activate has readers see this generation in the place of the one before, in one step.
// Who writes the one before is fenced off. It does nothing to a generation that is
// active. It may have to wait for readers: longer than a minute is an
// [effect.RetryError], after which it can be called again.
func (e *Executor) Activate(ctx context.Context) error {
	err := e.ready(ctx)
	if err == nil && !e.active {
		err = e.activate(ctx)
	}
	if err != nil {
		return fmt.Errorf("activate pipeline %s, generation %d: %w", e.claim.Pipeline, e.claim.Generation, err)
	}
	return nil
}

func (e *Executor) activate(ctx context.Context) error {
	exchange := e.exchangeViews
	if e.existingTables {
		exchange = e.exchangeRows
	}
	if err := exchange(ctx); err != nil {
		return err
	}
	e.active, e.serving = true, e.claim.Generation
	e.nameTables()
	e.tidy(ctx)
	return nil
}

// succeed makes this generation the active one in the ledger, in the place of the one
// before, whose writer loses its epoch. It belongs into a transaction that holds the
// fence.
func (e *Executor) succeed(ctx context.Context) error {
	epoch, err := e.session.nextEpoch(ctx, e.claim.Pipeline)
	if err != nil {
		return err
	}
	err = e.session.perform(ctx, `UPDATE `+e.session.name(checkpoints)+` SET active = false, epoch = $1
		WHERE pipeline = $2 AND generation <> $3 AND active`, epoch, e.claim.Pipeline, e.claim.Generation)
	if err == nil {
		err = e.session.perform(ctx, `UPDATE `+e.session.name(checkpoints)+` SET active = true WHERE pipeline = $1 AND generation = $2`,
			e.claim.Pipeline, e.claim.Generation)
	}
	if err != nil {
		return fmt.Errorf("make it the active generation: %w", err)
	}
	return nil
}

// Retain drops the pipeline's generations that are neither active nor this one nor among
// those given, as far as readers let it: what they still look at is an
// [effect.RetryError].
func (e *Executor) Retain(ctx context.Context, generations []uint64) error {
	err := e.ready(ctx)
	if err == nil {
		err = e.retain(ctx, generations)
	}
	if err != nil {
		return fmt.Errorf("drop what pipeline %s does not retain: %w", e.claim.Pipeline, err)
	}
	return nil
}

func (e *Executor) retain(ctx context.Context, generations []uint64) error {
	all, err := e.session.generations(ctx, e.claim.Pipeline)
	if err != nil {
		return e.session.explain(ctx, err)
	}
	for _, g := range all {
		if g.active || g.number == e.claim.Generation || slices.Contains(generations, uint64(g.number)) {
			continue
		}
		if err := e.drop(ctx, g.number); err != nil {
			return err
		}
	}
	return nil
}

// Discard drops this generation's tables, forgets its position and closes the
// executor. The active generation is not discarded: the error is [claim.ErrActive].
func (e *Executor) Discard(ctx context.Context) error {
	err := e.ready(ctx)
	if err == nil && e.active {
		err = claim.ErrActive
	}
	if err == nil {
		err = e.drop(ctx, e.claim.Generation)
	}
	if err != nil {
		return fmt.Errorf("discard pipeline %s, generation %d: %w", e.claim.Pipeline, e.claim.Generation, err)
	}
	return e.Close()
}

// drop drops the tables of a generation that is not active, and forgets its position.
func (e *Executor) drop(ctx context.Context, generation int64) error {
	if err := e.withdrawViews(ctx, generation); err != nil {
		return err
	}
	return e.session.within(ctx, func(ctx context.Context) error {
		if err := e.holdAlone(ctx); err != nil {
			return err
		}
		return e.forget(ctx, generation)
	})
}

// forget drops the tables of a generation that is not active, and its position. It
// belongs into a transaction.
func (e *Executor) forget(ctx context.Context, generation int64) error {
	if err := e.dropTables(ctx, generation); err != nil {
		return err
	}
	err := e.session.perform(ctx, `DELETE FROM `+e.session.name(checkpoints)+` WHERE pipeline = $1 AND generation = $2 AND NOT active`,
		e.claim.Pipeline, generation)
	if err != nil {
		return fmt.Errorf("forget the checkpoint: %w", err)
	}
	return nil
}

// holdFence fails unless this executor is the generation's newest. It belongs into
// a transaction, and keeps the answer true until its end.
func (e *Executor) holdFence(ctx context.Context) error {
	found, exists, err := e.session.checkpointOf(ctx, &e.claim)
	if err != nil {
		return err
	}
	return e.claim.FencedBy(found.Checkpoint, exists)
}

// holdAlone is holdFence, with nobody else at work on the schema's generations.
func (e *Executor) holdAlone(ctx context.Context) error {
	if err := e.session.alone(ctx); err != nil {
		return err
	}
	return e.holdFence(ctx)
}
