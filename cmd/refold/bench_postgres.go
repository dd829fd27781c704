package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/postgres/cluster"
	"github.com/refold-dev/refold/plugins/rows"
)

const postgresRounds = 5

// postgres measures new rows: by the executor, and by hand, in a server of its own
// with the durability that a server has by default.
func (b *bench) postgres(ctx context.Context) (err error) {
	b.say("%s: starting a server", postgresVsBulk)
	server, err := cluster.Start(ctx, cluster.Options{})
	var missing *cluster.MissingError
	if errors.As(err, &missing) {
		b.logger.WarnContext(ctx, postgresVsBulk+" and "+postgresRows+" left out: "+err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	r := &postgresRun{url: server.URL("postgres"), batches: b.size(96, 2)}
	medians, err := b.takeTurns(ctx, postgresVsBulk, postgresRounds, r.executes, r.copies)
	if err != nil {
		return err
	}
	ours, hand := medians[0], medians[1]
	b.found(postgresVsBulk, float64(hand)/float64(ours))
	b.found(postgresRows, float64(r.batches*rowsPerBatch)/ours.Seconds())
	return nil
}

// postgresRun is the same rows for both sides.
type postgresRun struct {
	url     string
	batches int
}

// executes has the executor write all rows to a schema of its own.
func (r *postgresRun) executes(ctx context.Context, round int) (took time.Duration, err error) {
	schema := fmt.Sprintf("executor_%d", round)
	x, err := postgres.Open(ctx, postgres.Config{URL: r.url, Schema: schema, Tables: []rows.Table{accountsTable()}}, "bench", 1)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	if took, err = deliverRows(ctx, x, r.batches); err != nil {
		return 0, err
	}
	return took, r.withConn(ctx, func(conn *pgx.Conn) error { return r.check(ctx, conn, schema) })
}

// copies is what one would write by hand: a COPY into a temporary table and an upsert
// from there, into the executor's table.
func (r *postgresRun) copies(ctx context.Context, round int) (took time.Duration, err error) {
	schema := fmt.Sprintf("hand_%d", round)
	err = r.withConn(ctx, func(conn *pgx.Conn) (err error) {
		for _, statement := range []string{
			`CREATE SCHEMA ` + schema,
			`CREATE TABLE ` + schema + `.accounts (id text COLLATE "C" NOT NULL PRIMARY KEY, owner text COLLATE "C", balance bigint)`,
			`CREATE TEMPORARY TABLE stage (LIKE ` + schema + `.accounts) ON COMMIT DELETE ROWS`,
		} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		took, err = byHand(ctx, r.batches, func(ctx context.Context, list []account) error { return copyAll(ctx, conn, schema, list) })
		if err != nil {
			return err
		}
		return r.check(ctx, conn, schema)
	})
	return took, err
}

// copyAll is a transaction.
func copyAll(ctx context.Context, conn *pgx.Conn, schema string, list []account) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"stage"}, []string{"id", "owner", "balance"},
			pgx.CopyFromSlice(len(list), func(i int) ([]any, error) { return []any{list[i].ID, list[i].Owner, list[i].Balance}, nil }))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO `+schema+`.accounts SELECT * FROM stage
			ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, balance = excluded.balance`)
		return err
	})
}

func (r *postgresRun) withConn(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, r.url)
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(context.WithoutCancel(ctx)))
}

// check counts the rows, and drops them: the next round is not to vacuum them.
func (r *postgresRun) check(ctx context.Context, conn *pgx.Conn, schema string) error {
	var count int
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM `+schema+`.accounts`).Scan(&count); err != nil {
		return err
	}
	if count != r.batches*rowsPerBatch {
		return fmt.Errorf("the table has %d rows, not %d", count, r.batches*rowsPerBatch)
	}
	_, err := conn.Exec(ctx, `DROP SCHEMA `+schema+` CASCADE`)
	return err
}
