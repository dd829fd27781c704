package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the executor's driver, for the baseline

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

const (
	sqliteRounds = 5
	rowsPerBatch = 1024
)

// sqlite measures new rows: by the executor, and by hand.
func (b *bench) sqlite(ctx context.Context) error {
	batches := b.size(48, 2)
	medians, err := b.takeTurns(ctx, sqliteVsBulk, sqliteRounds,
		func(ctx context.Context, round int) (time.Duration, error) {
			return executeRows(ctx, filepath.Join(b.dir, fmt.Sprintf("executor-%d.db", round)), batches)
		},
		func(ctx context.Context, round int) (time.Duration, error) {
			return insertRows(ctx, filepath.Join(b.dir, fmt.Sprintf("hand-%d.db", round)), batches)
		})
	if err != nil {
		return err
	}
	ours, hand := medians[0], medians[1]
	b.found(sqliteVsBulk, float64(hand)/float64(ours))
	b.found(sqliteRows, float64(batches*rowsPerBatch)/ours.Seconds())
	return nil
}

// account is a row. The ids come in no order, each once.
type account struct {
	ID      string `json:"id"`
	Owner   string `json:"owner"`
	Balance int64  `json:"balance"`
}

func accounts(batch int) []account {
	rows := make([]account, rowsPerBatch)
	for i := range rows {
		n := batch*rowsPerBatch + i + 1
		rows[i] = account{ID: fmt.Sprintf("%016x", uint64(n)*0x9e3779b97f4a7c15), Owner: "somebody's name", Balance: int64(n)}
	}
	return rows
}

// accountEffects are rows as a projection gives them.
func accountEffects(batch int) (effect.Batch, error) {
	after := event.Position(batch * rowsPerBatch)
	out := effect.Batch{Pipeline: "bench", Generation: 1, After: after, Through: after + rowsPerBatch}
	for i, row := range accounts(batch) {
		body, err := json.Marshal(row)
		if err != nil {
			return effect.Batch{}, err
		}
		out.Effects = append(out.Effects, effect.Effect{Kind: effect.Insert, Cause: after + event.Position(i) + 1, Name: "accounts", Body: body})
	}
	return out, nil
}

func executeRows(ctx context.Context, path string, batches int) (took time.Duration, err error) {
	table := rows.Table{
		Name:       "accounts",
		Columns:    []rows.Column{{Name: "id", Type: rows.Text}, {Name: "owner", Type: rows.Text}, {Name: "balance", Type: rows.Integer}},
		PrimaryKey: []string{"id"},
	}
	x, err := sqlite.Open(ctx, sqlite.Config{Path: path, Tables: []rows.Table{table}}, "bench", 1)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	for n := range batches {
		batch, err := accountEffects(n)
		if err != nil {
			return 0, err
		}
		start := time.Now()
		if err := x.Execute(ctx, batch); err != nil {
			return 0, err
		}
		took += time.Since(start)
	}
	return took, checkAccounts(ctx, path, batches)
}

// insertRows is what one would write by hand: a prepared statement, a
// transaction for each batch, the executor's durability.
func insertRows(ctx context.Context, path string, batches int) (took time.Duration, err error) {
	db, err := openSQLite(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	insert, err := prepareByHand(ctx, conn)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	for n := range batches {
		rows := accounts(n)
		start := time.Now()
		if err := insertBatch(ctx, conn, insert, rows); err != nil {
			return 0, err
		}
		took += time.Since(start)
	}
	return took, checkAccounts(ctx, path, batches)
}

// prepareByHand makes the executor's table, under its pragmas that cost time.
func prepareByHand(ctx context.Context, conn *sql.Conn) (*sql.Stmt, error) {
	for _, statement := range []string{
		`PRAGMA journal_mode=WAL`, `PRAGMA synchronous=FULL`, `PRAGMA fullfsync=ON`, `PRAGMA cache_size=-16384`,
		`CREATE TABLE accounts (id TEXT NOT NULL PRIMARY KEY, owner TEXT, balance INTEGER) STRICT`,
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	return conn.PrepareContext(ctx, `INSERT INTO accounts (id, owner, balance) VALUES (?, ?, ?)`)
}

func insertBatch(ctx context.Context, conn *sql.Conn, insert *sql.Stmt, rows []account) error {
	if _, err := conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	for i := range rows {
		if _, err := insert.ExecContext(ctx, rows[i].ID, rows[i].Owner, rows[i].Balance); err != nil {
			return err
		}
	}
	_, err := conn.ExecContext(ctx, `COMMIT`)
	return err
}

func openSQLite(path string) (*sql.DB, error) {
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: "_busy_timeout=5000"}).String())
}

func checkAccounts(ctx context.Context, path string, batches int) (err error) {
	db, err := openSQLite(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var count int
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM accounts`).Scan(&count)
	if err == nil && count != batches*rowsPerBatch {
		err = fmt.Errorf("the table has %d rows, not %d", count, batches*rowsPerBatch)
	}
	return err
}
