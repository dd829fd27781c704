package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/rows"
)

// Read reads a generation's tables as they are at one moment, and fences nobody off: at
// is told the generation's position, then row every row, by tables as they are declared
// and by primary key: its columns as text, with a NUL between them. A row's text is
// column by column what the server writes. Read ends with the first error of at and of
// row.
func Read(ctx context.Context, cfg Config, pipeline string, generation uint64, at func(event.Position) error, row func(table, key, text string) error) error {
	s, c, err := sessionOf(cfg, pipeline, generation)
	if err == nil {
		_, err = s.connected(ctx)
	}
	if err != nil {
		return fmt.Errorf("read pipeline %s, generation %d: %w", pipeline, generation, err)
	}
	defer s.close(ctx)
	tx, err := s.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return s.explain(ctx, err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // which has nothing to undo
	e := newExecutor(s, cfg, c)
	err = tx.QueryRow(ctx, `SELECT position, active, set_config('idle_in_transaction_session_timeout', '0', true) FROM `+s.name(checkpoints)+
		` WHERE pipeline = $1 AND generation = $2`, c.Pipeline, c.Generation).Scan(&e.claim.Position, &e.active, nil)
	if err != nil {
		return fmt.Errorf("read the position of pipeline %s, generation %d: %w", pipeline, generation, s.explain(ctx, err))
	}
	if err := at(e.claim.Position); err != nil {
		return err
	}
	e.nameTables()
	for _, t := range e.tables {
		if err := t.read(ctx, tx, row); err != nil {
			return fmt.Errorf("read table %s: %w", t.Table.Name, err)
		}
	}
	return nil
}

// sessionOf is a session of its own, and whose tables it is about.
func sessionOf(cfg Config, pipeline string, generation uint64) (*session, claim.Claim, error) {
	c, err := claim.New(pipeline, generation)
	if err != nil {
		return nil, c, err
	}
	config, err := parseURL(cfg.URL, "refold "+pipeline)
	if err != nil {
		return nil, c, err
	}
	lock := cfg.LockTimeout
	if lock == 0 {
		lock = defaultLockTimeout
	}
	return &session{config: config, lock: lock, schema: cfg.Schema}, c, nil
}

func (t *table) read(ctx context.Context, tx pgx.Tx, row func(table, key, text string) error) error {
	var selected, order []string
	for _, name := range t.Table.PrimaryKey {
		selected = append(selected, rows.Quote(name)+"::text")
		order = append(order, rows.Quote(name)+`::text COLLATE "C"`)
	}
	for _, c := range t.Table.Columns {
		selected = append(selected, "quote_nullable("+rows.Quote(c.Name)+"::text)")
	}
	list, err := tx.Query(ctx, "SELECT "+strings.Join(selected, ", ")+" FROM "+t.stored+" ORDER BY "+strings.Join(order, ", "))
	if err != nil {
		return err
	}
	defer list.Close()
	values, into := make([]string, len(selected)), make([]any, len(selected))
	for i := range values {
		into[i] = &values[i]
	}
	keys := len(t.Table.PrimaryKey)
	columns := make([]string, len(t.Table.Columns))
	for list.Next() {
		if err := list.Scan(into...); err != nil {
			return err
		}
		for i, c := range t.Table.Columns {
			columns[i] = c.Name + "=" + values[keys+i]
		}
		if err := row(t.Table.Name, strings.Join(values[:keys], "\x00"), strings.Join(columns, ", ")); err != nil {
			return err
		}
	}
	return list.Err()
}
