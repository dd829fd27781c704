package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/plugins/rows"
)

// matchTables compares the declared tables with those of an existing
// generation, and brings the indexes up to date.
func (e *Executor) matchTables(ctx context.Context) error {
	recorded, err := e.recordedTables(ctx)
	if err != nil {
		return err
	}
	if err := rows.MatchAll(e.claim.Pipeline, recorded, e.model.Tables); err != nil {
		return err
	}
	for _, t := range e.tables {
		if err := e.matchStored(ctx, t); err != nil {
			return err
		}
		if err := e.matchIndexes(ctx, t, recorded[t.Table.Name]); err != nil {
			return err
		}
	}
	return nil
}

func (e *Executor) recordedTables(ctx context.Context) (map[string]rows.Table, error) {
	declarations, err := e.session.column(ctx,
		`SELECT declaration FROM _refold_tables WHERE pipeline = ? AND generation = ?`, e.claim.Pipeline, e.claim.Generation)
	if err != nil {
		return nil, fmt.Errorf("read the recorded tables: %w", err)
	}
	recorded := make(map[string]rows.Table, len(declarations))
	for _, declaration := range declarations {
		var t rows.Table
		if err := json.Unmarshal([]byte(declaration), &t); err != nil {
			return nil, fmt.Errorf("read the recorded tables: %w", err)
		}
		recorded[t.Name] = t
	}
	return recorded, nil
}

// matchStored finds out whether the table in the file is still the one that
// the record speaks of.
func (e *Executor) matchStored(ctx context.Context, t *table) error {
	stored, err := e.session.column(ctx, `SELECT name || ' ' || type FROM pragma_table_info(?)`, t.stored)
	if err != nil {
		return fmt.Errorf("read the columns of %s: %w", t.stored, err)
	}
	if len(stored) == 0 {
		return rows.Mismatch(e.claim.Pipeline, t.Table.Name, "", "is missing from the file")
	}
	var declared []string
	for _, c := range t.Table.Columns {
		declared = append(declared, c.Name+" "+storage(c.Type))
	}
	slices.Sort(stored)
	slices.Sort(declared)
	if !slices.Equal(stored, declared) {
		return rows.Mismatch(e.claim.Pipeline, t.Table.Name, "", "has been altered by another program")
	}
	return nil
}

// matchIndexes creates and drops what the declaration has gained and lost.
func (e *Executor) matchIndexes(ctx context.Context, t *table, old rows.Table) error {
	gained, lost := rows.IndexChanges(old, t.Table)
	for _, columns := range lost {
		name := indexName(t.Table.Name, e.claim.Generation, columns)
		if _, err := e.session.exec(ctx, "DROP INDEX IF EXISTS "+rows.Quote(name)); err != nil {
			return fmt.Errorf("drop index %s: %w", name, err)
		}
	}
	for _, columns := range gained {
		if err := e.createIndex(ctx, t, columns); err != nil {
			return err
		}
	}
	return e.record(ctx, t)
}
