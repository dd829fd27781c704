package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// matchTables compares the declared tables with those of an existing
// generation, and brings the indexes up to date.
func (e *Executor) matchTables(ctx context.Context) error {
	recorded, err := e.recordedTables(ctx)
	if err != nil {
		return err
	}
	for _, t := range e.tables {
		old, ok := recorded[t.declared.Name]
		delete(recorded, t.declared.Name)
		if !ok {
			return e.mismatch(t.declared.Name, "", "is declared, but this generation was built without it")
		}
		if column, reason := difference(old, t.declared); reason != "" {
			return e.mismatch(t.declared.Name, column, reason)
		}
		if err := e.matchStored(ctx, t); err != nil {
			return err
		}
		if err := e.matchIndexes(ctx, t, old); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		return e.mismatch(name, "", "is no longer declared, but this generation was built with it")
	}
	return nil
}

func (e *Executor) recordedTables(ctx context.Context) (map[string]Table, error) {
	declarations, err := e.session.column(ctx,
		`SELECT declaration FROM _refold_tables WHERE pipeline = ? AND generation = ?`, e.pipeline, e.generation)
	if err != nil {
		return nil, fmt.Errorf("read the recorded tables: %w", err)
	}
	recorded := make(map[string]Table, len(declarations))
	for _, declaration := range declarations {
		var t Table
		if err := json.Unmarshal([]byte(declaration), &t); err != nil {
			return nil, fmt.Errorf("read the recorded tables: %w", err)
		}
		recorded[t.Name] = t
	}
	return recorded, nil
}

// difference says in what a declaration differs from the one that the table
// was built with. The order of columns and the indexes do not count.
func difference(old, declared Table) (column, reason string) {
	types := make(map[string]Type, len(old.Columns))
	for _, c := range old.Columns {
		types[c.Name] = c.Type
	}
	for _, c := range declared.Columns {
		was, ok := types[c.Name]
		delete(types, c.Name)
		if !ok {
			return c.Name, "is declared, but the table was built without it"
		}
		if was != c.Type {
			return c.Name, fmt.Sprintf("is declared as %s, but the table was built with %s", c.Type, was)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		return name, "is no longer declared, but the table was built with it"
	}
	if !slices.Equal(old.PrimaryKey, declared.PrimaryKey) {
		return "", fmt.Sprintf("is declared with the primary key (%s), but was built with (%s)",
			quoteAll(declared.PrimaryKey), quoteAll(old.PrimaryKey))
	}
	return "", ""
}

// matchStored finds out whether the table in the file is still the one that
// the record speaks of.
func (e *Executor) matchStored(ctx context.Context, t *table) error {
	stored, err := e.session.column(ctx, `SELECT name || ' ' || type FROM pragma_table_info(?)`, t.stored)
	if err != nil {
		return fmt.Errorf("read the columns of %s: %w", t.stored, err)
	}
	if len(stored) == 0 {
		return e.mismatch(t.declared.Name, "", "is missing from the file")
	}
	var declared []string
	for _, c := range t.declared.Columns {
		declared = append(declared, c.Name+" "+c.Type.storage())
	}
	slices.Sort(stored)
	slices.Sort(declared)
	if !slices.Equal(stored, declared) {
		return e.mismatch(t.declared.Name, "", "has been altered by another program")
	}
	return nil
}

// matchIndexes creates and drops what the declaration has gained and lost:
// an index can change without building the rows anew.
func (e *Executor) matchIndexes(ctx context.Context, t *table, old Table) error {
	has := func(indexes [][]string, columns []string) bool {
		return slices.ContainsFunc(indexes, func(other []string) bool { return slices.Equal(other, columns) })
	}
	for _, columns := range old.Indexes {
		if has(t.declared.Indexes, columns) {
			continue
		}
		name := indexName(t.declared.Name, e.generation, columns)
		if _, err := e.session.exec(ctx, "DROP INDEX IF EXISTS "+quote(name)); err != nil {
			return fmt.Errorf("drop index %s: %w", name, err)
		}
	}
	for _, columns := range t.declared.Indexes {
		if has(old.Indexes, columns) {
			continue
		}
		if err := e.createIndex(ctx, t, columns); err != nil {
			return err
		}
	}
	return e.record(ctx, t)
}

func (e *Executor) mismatch(table, column, reason string) error {
	return &TableError{
		Table: table, Column: column,
		Reason: fmt.Sprintf("%s; rebuild with `refold replay %s`", reason, e.pipeline),
	}
}
