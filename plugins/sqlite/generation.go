package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/rows"
)

// Activate gives this generation's tables their declared names and drops the
// pipeline's older generations, in one transaction. It does nothing to a
// generation that is active.
func (e *Executor) Activate(ctx context.Context) error {
	if e.closed {
		return claim.ErrClosed
	}
	if e.active {
		return nil
	}
	err := e.session.within(ctx, e.exchange)
	if err != nil {
		return fmt.Errorf("activate pipeline %s, generation %d: %w", e.claim.Pipeline, e.claim.Generation, err)
	}
	e.active = true
	// The statements name the tables as they were.
	e.nameTables()
	for _, t := range e.tables {
		err = errors.Join(err, t.statements.close())
	}
	return err
}

func (e *Executor) exchange(ctx context.Context) error {
	if err := e.holdFence(ctx); err != nil {
		return err
	}
	if err := e.dropOlder(ctx); err != nil {
		return err
	}
	for _, t := range e.tables {
		name := t.Table.Name
		if err := e.refuseStranger(ctx, name, name); err != nil {
			return err
		}
		if _, err := e.session.exec(ctx, fmt.Sprintf("ALTER TABLE %s RENAME TO %s", rows.Quote(t.stored), rows.Quote(name))); err != nil {
			return fmt.Errorf("rename table %s: %w", t.stored, err)
		}
	}
	_, err := e.session.exec(ctx,
		`UPDATE _refold_checkpoints SET active = 1 WHERE pipeline = ? AND generation = ?`, e.claim.Pipeline, e.claim.Generation)
	return err
}

func (e *Executor) dropOlder(ctx context.Context) error {
	active, exists, err := e.session.activeGeneration(ctx, e.claim.Pipeline)
	if err != nil {
		return err
	}
	older, err := e.olderGenerations(ctx)
	if err != nil {
		return err
	}
	for _, generation := range older {
		if err := e.dropGeneration(ctx, generation, exists && generation == active); err != nil {
			return err
		}
	}
	return nil
}

func (e *Executor) olderGenerations(ctx context.Context) ([]int64, error) {
	list, err := e.session.conn.QueryContext(ctx,
		`SELECT generation FROM _refold_checkpoints WHERE pipeline = ? AND generation < ?`, e.claim.Pipeline, e.claim.Generation)
	if err != nil {
		return nil, fmt.Errorf("list the older generations: %w", err)
	}
	defer list.Close()
	var older []int64
	for list.Next() {
		var generation int64
		if err := list.Scan(&generation); err != nil {
			return nil, fmt.Errorf("list the older generations: %w", err)
		}
		older = append(older, generation)
	}
	return older, list.Err()
}

// Discard drops this generation's tables, forgets its position and closes the
// executor. The active generation is not discarded: the error is [claim.ErrActive].
func (e *Executor) Discard(ctx context.Context) error {
	if e.closed {
		return claim.ErrClosed
	}
	err := claim.ErrActive
	if !e.active {
		err = e.session.within(ctx, func(ctx context.Context) error {
			if err := e.holdFence(ctx); err != nil {
				return err
			}
			return e.dropGeneration(ctx, e.claim.Generation, false)
		})
	}
	if err != nil {
		return fmt.Errorf("discard pipeline %s, generation %d: %w", e.claim.Pipeline, e.claim.Generation, err)
	}
	return e.Close()
}

// holdFence fails unless this executor is the generation's newest. It belongs
// into a transaction, which keeps the answer true until its end.
func (e *Executor) holdFence(ctx context.Context) error {
	found, exists, err := e.session.checkpointOf(ctx, e.claim.Pipeline, e.claim.Generation)
	if err != nil {
		return err
	}
	return e.claim.FencedBy(found, exists)
}
