package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/postgres/cluster"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
	"github.com/refold-dev/refold/runtime/wasm"
)

const rebuildRounds = 3

// rebuildRows measures replays that make a row of each event against loads of these.
func (b *bench) rebuildRows(ctx context.Context, name string, into func(context.Context, *rebuild, int) (time.Duration, error), load benchSide) error {
	if b.rebuiltBatches() == 0 {
		return fmt.Errorf("--events %d: at least %d are needed", b.flags.events, rowsPerBatch)
	}
	return b.rebuilds(ctx, name, rebuildRounds, b.rebuiltBatches()*rowsPerBatch, "rows.c", func(r *rebuild) (ours, baseline benchSide) {
		return func(ctx context.Context, round int) (time.Duration, error) { return into(ctx, r, round) }, load
	})
}

// rebuilds measures replays of the shared log's first events by a guest in C, against a
// baseline.
func (b *bench) rebuilds(ctx context.Context, name string, rounds, events int, guest string, sides func(*rebuild) (ours, baseline benchSide)) (err error) {
	l, err := b.sharedLog(ctx)
	if err != nil {
		return err
	}
	host, err := wasm.NewHost(ctx, wasm.Options{Logger: b.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close(ctx)) }()
	r, err := b.newRebuild(ctx, host, l.store, events, guest)
	if err != nil {
		return b.leaveOut(ctx, err, name)
	}
	ours, baseline := sides(r)
	medians, err := b.takeTurns(ctx, name, rounds, ours, baseline)
	if err == nil {
		b.found(name, medians[1].Seconds()/medians[0].Seconds())
	}
	return err
}

// rebuiltBatches is how many whole batches of rows the log makes.
func (b *bench) rebuiltBatches() int { return b.flags.events / rowsPerBatch }

func (b *bench) rebuildsSQLite(ctx context.Context) error {
	batches := b.rebuiltBatches()
	return b.rebuildRows(ctx, rebuildSQLite,
		func(ctx context.Context, r *rebuild, round int) (time.Duration, error) {
			path := filepath.Join(b.dir, fmt.Sprintf("rebuilt-%d.db", round))
			took, err := r.into(ctx, func(ctx context.Context) (engine.Executor, error) {
				return sqlite.Open(ctx, sqlite.Config{Path: path, Tables: []rows.Table{accountsTable()}}, "bench", 1)
			}, func(*engine.Engine) error { return checkAccounts(ctx, path, batches) })
			return took, errors.Join(err, os.Remove(path))
		},
		func(ctx context.Context, round int) (time.Duration, error) {
			path := filepath.Join(b.dir, fmt.Sprintf("loaded-%d.db", round))
			took, err := insertRows(ctx, path, batches)
			return took, errors.Join(err, os.Remove(path))
		})
}

func (b *bench) rebuildsPostgres(ctx context.Context) (err error) {
	server, err := cluster.Start(ctx, cluster.Options{})
	var missing *cluster.MissingError
	if errors.As(err, &missing) {
		b.logger.WarnContext(ctx, rebuildPostgres+" left out: "+err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	p := &postgresRun{url: server.URL("postgres"), batches: b.rebuiltBatches()}
	return b.rebuildRows(ctx, rebuildPostgres,
		func(ctx context.Context, r *rebuild, round int) (time.Duration, error) {
			schema := fmt.Sprintf("rebuilt_%d", round)
			took, err := r.into(ctx, func(ctx context.Context) (engine.Executor, error) {
				return postgres.Open(ctx, postgres.Config{URL: p.url, Schema: schema, Tables: []rows.Table{accountsTable()}}, "bench", 1)
			}, func(*engine.Engine) error { return nil })
			if err != nil {
				return 0, err
			}
			return took, p.withConn(ctx, func(conn *pgx.Conn) error { return p.check(ctx, conn, schema) })
		},
		p.copies)
}
