package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/refold-dev/refold/plugins/rows"
)

// nameTables settles what the declared tables are called in the file. Active
// tables bear their own names, those under construction a suffix.
func (e *Executor) nameTables() {
	for _, t := range e.tables {
		t.stored = storedName(t.Table.Name, e.claim.Generation, e.active)
	}
}

func storedName(table string, generation int64, active bool) string {
	if active {
		return table
	}
	return rows.Built(table, generation)
}

// indexName is the same before and after activation, since SQLite has no way
// to rename an index. The dots keep it apart from every table and column name.
func indexName(table string, generation int64, columns []string) string {
	return storedName(table, generation, false) + "." + strings.Join(columns, ".")
}

// createTables creates and records all tables of a new generation.
func (e *Executor) createTables(ctx context.Context) error {
	for _, t := range e.tables {
		if err := e.reserve(ctx, t); err != nil {
			return err
		}
		if _, err := e.session.exec(ctx, t.createStatement()); err != nil {
			return fmt.Errorf("create table %s: %w", t.stored, err)
		}
		for _, columns := range t.Table.Indexes {
			if err := e.createIndex(ctx, t, columns); err != nil {
				return err
			}
		}
		if err := e.record(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// reserve makes sure that the table's names are free, or the pipeline's own.
func (e *Executor) reserve(ctx context.Context, t *table) error {
	name := t.Table.Name
	owner, err := e.session.owner(ctx, name, e.claim.Pipeline)
	if err != nil {
		return fmt.Errorf("read the owner of table %s: %w", name, err)
	}
	if owner != "" {
		return &rows.TableError{Table: name, Owner: owner, Reason: fmt.Sprintf("belongs to pipeline %q", owner)}
	}
	return e.refuseStranger(ctx, name, t.stored)
}

// refuseStranger fails if the file has something by one of the names that is
// not a table of the pipeline's active generation.
func (e *Executor) refuseStranger(ctx context.Context, name, stored string) error {
	// SQLite's names do not tell cases apart.
	strangers, err := e.session.column(ctx,
		`SELECT name FROM sqlite_schema WHERE name COLLATE NOCASE IN (?2, ?3)
			AND name NOT IN (SELECT t.name FROM _refold_tables t
				JOIN _refold_checkpoints c USING (pipeline, generation)
				WHERE pipeline = ?1 AND c.active)`,
		e.claim.Pipeline, name, stored)
	if err != nil {
		return fmt.Errorf("look for table %s: %w", name, err)
	}
	if len(strangers) > 0 {
		return &rows.TableError{Table: strangers[0], Reason: "exists, but no pipeline created it; rename it, or declare another name"}
	}
	return nil
}

func (t *table) createStatement() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (", rows.Quote(t.stored))
	for _, c := range t.Table.Columns {
		fmt.Fprintf(&b, "%s %s", rows.Quote(c.Name), storage(c.Type))
		if slices.Contains(t.Table.PrimaryKey, c.Name) {
			b.WriteString(" NOT NULL")
		}
		b.WriteString(", ")
	}
	fmt.Fprintf(&b, "PRIMARY KEY (%s)) STRICT", rows.QuoteAll(t.Table.PrimaryKey))
	return b.String()
}

func (e *Executor) createIndex(ctx context.Context, t *table, columns []string) error {
	name := indexName(t.Table.Name, e.claim.Generation, columns)
	_, err := e.session.exec(ctx, fmt.Sprintf("CREATE INDEX %s ON %s (%s)", rows.Quote(name), rows.Quote(t.stored), rows.QuoteAll(columns)))
	if err != nil {
		return fmt.Errorf("create index %s: %w", name, err)
	}
	return nil
}

func (e *Executor) record(ctx context.Context, t *table) error {
	declaration, err := json.Marshal(t.Table)
	if err != nil {
		return fmt.Errorf("record table %s: %w", t.Table.Name, err)
	}
	_, err = e.session.exec(ctx,
		`INSERT INTO _refold_tables (pipeline, generation, name, declaration) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET declaration = excluded.declaration`,
		e.claim.Pipeline, e.claim.Generation, t.Table.Name, string(declaration))
	if err != nil {
		return fmt.Errorf("record table %s: %w", t.Table.Name, err)
	}
	return nil
}

// dropGeneration removes the tables of a generation that is not active, which takes
// their indexes along, and its rows in the ledger.
func (e *Executor) dropGeneration(ctx context.Context, generation int64) error {
	names, err := e.session.tablesOf(ctx, e.claim.Pipeline, generation)
	if err != nil {
		return err
	}
	for _, name := range names {
		// Somebody may have dropped it by hand.
		if _, err := e.session.exec(ctx, "DROP TABLE IF EXISTS "+rows.Quote(storedName(name, generation, false))); err != nil {
			return fmt.Errorf("drop table %s of generation %d: %w", name, generation, err)
		}
	}
	for _, ledger := range []string{"_refold_tables", "_refold_checkpoints"} {
		if _, err := e.session.exec(ctx, "DELETE FROM "+ledger+" WHERE pipeline = ? AND generation = ?", e.claim.Pipeline, generation); err != nil {
			return fmt.Errorf("forget generation %d: %w", generation, err)
		}
	}
	return nil
}
