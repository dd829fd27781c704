package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the executor's driver, for the baseline

	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

const sqliteRounds = 5

// sqlite measures new rows: by the executor, and by hand.
func (b *bench) sqlite(ctx context.Context) error {
	batches := b.size(96, 2)
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

func executeRows(ctx context.Context, path string, batches int) (took time.Duration, err error) {
	x, err := sqlite.Open(ctx, sqlite.Config{Path: path, Tables: []rows.Table{accountsTable()}}, "bench", 1)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	if took, err = deliverRows(ctx, x, batches); err != nil {
		return 0, err
	}
	return took, checkAccounts(ctx, path, batches)
}

// insertRows is the fastest that one would write by hand: a prepared statement of the
// driver's own, with the executor's durability.
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
	if err := prepareByHand(ctx, conn); err != nil {
		return 0, err
	}
	if took, err = byHand(ctx, batches, func(ctx context.Context, list []account) error { return insertAll(ctx, conn, list) }); err != nil {
		return 0, err
	}
	return took, checkAccounts(ctx, path, batches)
}

// prepareByHand makes the executor's table, under its pragmas that cost time.
func prepareByHand(ctx context.Context, conn *sql.Conn) error {
	for _, statement := range []string{
		`PRAGMA journal_mode=WAL`, `PRAGMA synchronous=FULL`, `PRAGMA fullfsync=ON`, `PRAGMA cache_size=-16384`, `PRAGMA wal_autocheckpoint=4096`,
		`CREATE TABLE accounts (id TEXT NOT NULL PRIMARY KEY, owner TEXT, balance INTEGER) STRICT`,
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// insertAll is a transaction.
func insertAll(ctx context.Context, conn *sql.Conn, list []account) error {
	if _, err := conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	err := conn.Raw(func(c any) error {
		insert, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, `INSERT INTO accounts (id, owner, balance) VALUES (?, ?, ?)`)
		if err != nil {
			return err
		}
		args := []driver.NamedValue{{Ordinal: 1}, {Ordinal: 2}, {Ordinal: 3}}
		for i := range list {
			args[0].Value, args[1].Value, args[2].Value = list[i].ID, list[i].Owner, list[i].Balance
			if _, err := insert.(driver.StmtExecContext).ExecContext(context.WithoutCancel(ctx), args); err != nil {
				return errors.Join(err, insert.Close())
			}
		}
		return insert.Close()
	})
	if err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `COMMIT`)
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
