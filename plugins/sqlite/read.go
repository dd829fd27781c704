package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/rows"
)

// Read reads a generation's tables as they are at one moment, and fences nobody off: at
// is told the generation's position, then row every row, by tables as they are declared
// and by primary key: its columns as text, with a NUL between them. A row's text is SQL,
// column by column. Read ends with the first error of at and of row.
func Read(ctx context.Context, cfg Config, pipeline string, generation uint64, at func(event.Position) error, row func(table, key, text string) error) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	c, err := claim.New(pipeline, generation)
	if err != nil {
		return fmt.Errorf("read %s: %w", cfg.Path, err)
	}
	r, err := openReadOnly(ctx, cfg.Path, cfg.BusyTimeout)
	if err != nil {
		return fmt.Errorf("read %s: %w", cfg.Path, explain(err))
	}
	err = r.tables(ctx, &cfg, &c, at, row)
	return errors.Join(err, r.close())
}

// tables reads them within one transaction.
func (r *reader) tables(ctx context.Context, cfg *Config, c *claim.Claim, at func(event.Position) error, row func(table, key, text string) error) error {
	tx, err := r.conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return explain(err)
	}
	defer tx.Rollback() // which has nothing to undo
	var position event.Position
	var active bool
	err = tx.QueryRowContext(ctx, `SELECT position, active FROM _refold_checkpoints WHERE pipeline = ? AND generation = ?`,
		c.Pipeline, c.Generation).Scan(&position, &active)
	if err != nil {
		return fmt.Errorf("read the position of pipeline %s, generation %d, in %s: %w", c.Pipeline, c.Generation, cfg.Path, explain(err))
	}
	if err := at(position); err != nil {
		return err
	}
	for _, t := range cfg.Tables {
		if err := readTable(ctx, tx, &t, storedName(t.Name, c.Generation, active), row); err != nil {
			return fmt.Errorf("read table %s: %w", t.Name, err)
		}
	}
	return nil
}

func readTable(ctx context.Context, tx *sql.Tx, t *rows.Table, stored string, row func(table, key, text string) error) error {
	var keys, order, columns []string
	for _, name := range t.PrimaryKey {
		keys = append(keys, fmt.Sprintf("CAST(%s AS TEXT)", rows.Quote(name)))
		order = append(order, fmt.Sprintf("CAST(%s AS TEXT) COLLATE BINARY", rows.Quote(name)))
	}
	for _, c := range t.Columns {
		columns = append(columns, fmt.Sprintf("'%s=' || quote(%s)", c.Name, rows.Quote(c.Name)))
	}
	list, err := tx.QueryContext(ctx, fmt.Sprintf("SELECT %s, %s FROM %s ORDER BY %s",
		strings.Join(keys, " || char(0) || "), strings.Join(columns, " || ', ' || "), rows.Quote(stored), strings.Join(order, ", ")))
	if err != nil {
		return explain(err)
	}
	defer list.Close()
	for list.Next() {
		var key, text string
		if err := list.Scan(&key, &text); err != nil {
			return err
		}
		if err := row(t.Name, key, text); err != nil {
			return err
		}
	}
	return explain(list.Err())
}
