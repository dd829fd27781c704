package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/rows"
)

// Keeps returns true: generations that are not active stay until they are discarded.
func (e *Executor) Keeps() bool { return true }

// Serving is the generation whose tables bear their declared names, as this executor
// has found it or brought about.
func (e *Executor) Serving() uint64 { return uint64(e.serving) }

// Activate gives this generation's tables their declared names and those of the one
// before names of that generation's own, in one transaction. Who writes the one before
// is fenced off. It does nothing to a generation that is active.
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
	e.active, e.serving = true, e.claim.Generation
	// The statements name the tables as they were.
	e.nameTables()
	return e.closeStatements()
}

func (e *Executor) exchange(ctx context.Context) error {
	if err := e.holdFence(ctx); err != nil {
		return err
	}
	if err := e.retire(ctx); err != nil {
		return err
	}
	for _, t := range e.tables {
		name := t.Table.Name
		if err := e.refuseStranger(ctx, name, name); err != nil {
			return err
		}
		if err := e.rename(ctx, t.stored, name); err != nil {
			return err
		}
	}
	_, err := e.session.exec(ctx,
		`UPDATE _refold_checkpoints SET active = 1 WHERE pipeline = ? AND generation = ?`, e.claim.Pipeline, e.claim.Generation)
	return err
}

// retire takes the declared names from the active generation, and the right to write it
// from whoever has that.
func (e *Executor) retire(ctx context.Context) error {
	active, exists, err := e.session.activeGeneration(ctx, e.claim.Pipeline)
	if err != nil || !exists {
		return err
	}
	names, err := e.session.tablesOf(ctx, e.claim.Pipeline, active)
	if err != nil {
		return err
	}
	for _, name := range names {
		there, err := e.session.column(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?`, name)
		if err != nil {
			return fmt.Errorf("look for table %s: %w", name, err)
		}
		if len(there) == 0 {
			continue // somebody has dropped it by hand
		}
		if err := e.rename(ctx, name, storedName(name, active, false)); err != nil {
			return err
		}
	}
	epoch, err := e.session.nextEpoch(ctx, e.claim.Pipeline)
	if err != nil {
		return err
	}
	_, err = e.session.exec(ctx,
		`UPDATE _refold_checkpoints SET active = 0, epoch = ? WHERE pipeline = ? AND generation = ?`, epoch, e.claim.Pipeline, active)
	return err
}

func (e *Executor) rename(ctx context.Context, from, to string) error {
	if _, err := e.session.exec(ctx, fmt.Sprintf("ALTER TABLE %s RENAME TO %s", rows.Quote(from), rows.Quote(to))); err != nil {
		return fmt.Errorf("rename table %s: %w", from, err)
	}
	return nil
}

// Retain drops the pipeline's generations that are neither active nor this one nor
// among those given.
func (e *Executor) Retain(ctx context.Context, generations []uint64) error {
	if e.closed {
		return claim.ErrClosed
	}
	err := e.session.within(ctx, func(ctx context.Context) error {
		if err := e.holdFence(ctx); err != nil {
			return err
		}
		others, err := e.otherGenerations(ctx)
		if err != nil {
			return err
		}
		for _, other := range others {
			if slices.Contains(generations, uint64(other)) {
				continue
			}
			if err := e.dropGeneration(ctx, other); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop what pipeline %s does not retain: %w", e.claim.Pipeline, err)
	}
	return nil
}

// otherGenerations are those that are neither active nor this one.
func (e *Executor) otherGenerations(ctx context.Context) ([]int64, error) {
	list, err := e.session.conn.QueryContext(ctx,
		`SELECT generation FROM _refold_checkpoints WHERE pipeline = ? AND generation <> ? AND NOT active`, e.claim.Pipeline, e.claim.Generation)
	if err != nil {
		return nil, fmt.Errorf("list the other generations: %w", err)
	}
	defer list.Close()
	var others []int64
	for list.Next() {
		var generation int64
		if err := list.Scan(&generation); err != nil {
			return nil, fmt.Errorf("list the other generations: %w", err)
		}
		others = append(others, generation)
	}
	return others, list.Err()
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
			return e.dropGeneration(ctx, e.claim.Generation)
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
