package postgres

import (
	"context"
	"fmt"

	"github.com/refold-dev/refold/plugins/claim"
)

// Activate has readers see this generation, and drops the pipeline's older ones, in
// one step. It does nothing to a generation that is active. It may have to wait for
// readers: longer than a minute is an [effect.RetryError], after which it can be
// called again.
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
	e.active = true
	e.nameTables()
	e.tidy(ctx)
	return nil
}

// succeed makes this generation the active one in the ledger, in the place of all
// older ones. It belongs into a transaction that holds the fence.
func (e *Executor) succeed(ctx context.Context) error {
	err := e.session.perform(ctx, `DELETE FROM `+e.session.name(checkpoints)+` WHERE pipeline = $1 AND generation < $2`,
		e.claim.Pipeline, e.claim.Generation)
	if err == nil {
		err = e.session.perform(ctx, `UPDATE `+e.session.name(checkpoints)+` SET active = true WHERE pipeline = $1 AND generation = $2`,
			e.claim.Pipeline, e.claim.Generation)
	}
	if err != nil {
		return fmt.Errorf("make it the active generation: %w", err)
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
		err = e.discard(ctx)
	}
	if err != nil {
		return fmt.Errorf("discard pipeline %s, generation %d: %w", e.claim.Pipeline, e.claim.Generation, err)
	}
	return e.Close()
}

func (e *Executor) discard(ctx context.Context) error {
	if err := e.withdrawViews(ctx); err != nil {
		return err
	}
	return e.session.within(ctx, func(ctx context.Context) error {
		if err := e.holdAlone(ctx); err != nil {
			return err
		}
		if err := e.dropTables(ctx, e.claim.Generation); err != nil {
			return err
		}
		err := e.session.perform(ctx, `DELETE FROM `+e.session.name(checkpoints)+` WHERE pipeline = $1 AND generation = $2`,
			e.claim.Pipeline, e.claim.Generation)
		if err != nil {
			return fmt.Errorf("forget the checkpoint: %w", err)
		}
		return nil
	})
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
