package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/plugins/rows"
)

// oneByOne performs a batch's effects one after the other, as they came. So it
// finds the first one that the database refuses, or none: what all of them come to
// may have been refused for a state in between that they do not have.
func (e *Executor) oneByOne(ctx context.Context, b effect.Batch) error {
	all := b.Effects
	for i := range all {
		e.model.Clear()
		b.Effects = all[i : i+1]
		if err := e.model.Gather(b, e.claim.Position); err != nil {
			return err
		}
		_, err := e.session.run(ctx, pipelineOf(e.tables))
		if last := i+1 == len(all) || all[i+1].Cause != all[i].Cause; err == nil && last {
			err = e.holdConstraints(ctx)
		}
		if refusal, ok := refuses(err); ok {
			return condemn(&all[i], refusal)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// holdConstraints checks, after an event's effects, what the user's tables put off
// to the end of the transaction: how many events that has depends on their batches.
func (e *Executor) holdConstraints(ctx context.Context) error {
	if !e.existingTables {
		return nil
	}
	return e.session.perform(ctx, "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
}

// condemn blames an effect for what the database says.
func condemn(f *effect.Effect, refusal *pgconn.PgError) *rows.RowError {
	return &rows.RowError{
		Position: f.Cause, Ordinal: f.Ordinal, Table: f.Name, Column: refusal.ColumnName,
		Reason: fmt.Sprintf("is refused by the database: %s (SQLSTATE %s)", refusal.Message, refusal.Code),
	}
}
