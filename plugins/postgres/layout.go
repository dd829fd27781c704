package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/refold-dev/refold/plugins/rows"
)

// nameTables settles which tables are written.
func (e *Executor) nameTables() {
	for _, t := range e.tables {
		t.stored = e.session.name(e.written(t.Table.Name))
	}
}

// written is the name of the table behind a declared one.
func (e *Executor) written(name string) string {
	if e.existingTables && e.active {
		return name
	}
	return rows.Built(name, e.claim.Generation)
}

// indexSuffix tells the indexes of a table apart. The names of their columns may be
// too long for it.
func indexSuffix(columns string) string {
	sum := sha256.Sum256([]byte(columns))
	return "." + hex.EncodeToString(sum[:4])
}

func (e *Executor) indexName(t *table, columns []string) string {
	return rows.Built(t.Table.Name, e.claim.Generation) + indexSuffix(strings.Join(columns, ","))
}

// createTables creates and records all tables of a new generation.
func (e *Executor) createTables(ctx context.Context) error {
	for _, t := range e.tables {
		if err := e.reserve(ctx, t); err != nil {
			return err
		}
		create := e.createTable
		if e.existingTables {
			create = e.createCopy
		}
		if err := create(ctx, t); err != nil {
			return err
		}
		if err := e.record(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// reserve makes sure that no other pipeline has the table.
func (e *Executor) reserve(ctx context.Context, t *table) error {
	owner, err := e.session.owner(ctx, t.Table.Name, e.claim.Pipeline)
	if err != nil {
		return err
	}
	if owner != "" {
		return &rows.TableError{Table: t.Table.Name, Owner: owner, Reason: fmt.Sprintf("belongs to pipeline %q", owner)}
	}
	return e.refuseStranger(ctx, rows.Built(t.Table.Name, e.claim.Generation))
}

// refuseStranger fails if the schema has something by a name, of whatever kind.
func (e *Executor) refuseStranger(ctx context.Context, name string) error {
	strangers, err := e.session.column(ctx,
		`SELECT relname::text FROM pg_class WHERE relname = $1 AND relnamespace = to_regnamespace(quote_ident($2))
		UNION SELECT typname::text FROM pg_type WHERE typname = $1 AND typnamespace = to_regnamespace(quote_ident($2))`,
		name, e.session.schema)
	if err != nil {
		return fmt.Errorf("look for table %s: %w", name, err)
	}
	if len(strangers) > 0 {
		return &rows.TableError{Table: name, Reason: "exists, but no pipeline created it; rename it, or declare another name"}
	}
	return nil
}

// createTable creates a table of refold's and, where readers are to see it, what
// they see.
func (e *Executor) createTable(ctx context.Context, t *table) error {
	if err := e.session.perform(ctx, t.createStatement()); err != nil {
		return fmt.Errorf("create table %s: %w", t.stored, err)
	}
	t.seen = newSeen()
	for _, columns := range t.Table.Indexes {
		if err := e.createIndex(ctx, t, columns); err != nil {
			return err
		}
	}
	if e.active {
		return e.showTable(ctx, t)
	}
	return nil
}

func (t *table) createStatement() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (", t.stored)
	for _, c := range t.Table.Columns {
		fmt.Fprintf(&b, "%s %s", rows.Quote(c.Name), columnType(c.Type))
		if slices.Contains(t.Table.PrimaryKey, c.Name) {
			b.WriteString(" NOT NULL")
		}
		b.WriteString(", ")
	}
	fmt.Fprintf(&b, "PRIMARY KEY (%s))", rows.QuoteAll(t.Table.PrimaryKey))
	return b.String()
}

func (e *Executor) createIndex(ctx context.Context, t *table, columns []string) error {
	name := e.indexName(t, columns)
	err := e.session.perform(ctx, fmt.Sprintf("CREATE INDEX %s ON %s (%s)", rows.Quote(name), t.stored, rows.QuoteAll(columns)))
	if err != nil {
		return fmt.Errorf("create index %s: %w", name, err)
	}
	return nil
}

func (e *Executor) record(ctx context.Context, t *table) error {
	declaration, err := json.Marshal(t.Table)
	if err == nil {
		err = e.session.perform(ctx,
			`INSERT INTO `+e.session.name(built)+` (pipeline, generation, name, declaration) VALUES ($1, $2, $3, $4)
				ON CONFLICT (pipeline, generation, name) DO UPDATE SET declaration = excluded.declaration`,
			e.claim.Pipeline, e.claim.Generation, t.Table.Name, string(declaration))
	}
	if err != nil {
		return fmt.Errorf("record table %s: %w", t.Table.Name, err)
	}
	return nil
}

// dropTables drops what a generation has been built in, with its indexes, and
// forgets that. Somebody may have dropped it by hand.
func (e *Executor) dropTables(ctx context.Context, generation int64) error {
	tables, err := e.session.tablesOf(ctx, e.claim.Pipeline, generation)
	if err != nil {
		return err
	}
	for name := range tables {
		if err := e.session.perform(ctx, "DROP TABLE IF EXISTS "+e.session.name(rows.Built(name, generation))); err != nil {
			return fmt.Errorf("drop table %s of generation %d: %w", name, generation, err)
		}
	}
	err = e.session.perform(ctx, "DELETE FROM "+e.session.name(built)+" WHERE pipeline = $1 AND generation = $2", e.claim.Pipeline, generation)
	if err != nil {
		return fmt.Errorf("forget the tables of generation %d: %w", generation, err)
	}
	return nil
}
