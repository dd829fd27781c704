package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/postgres/cluster"
	"github.com/refold-dev/refold/plugins/rows"
)

// BenchmarkInsert measures new rows whose keys come in no order, in batches of
// several sizes: by the executor from JSON, which unnests arrays, and by hand with
// values at hand, by COPY into a temporary table and an upsert from there. The server
// flushes, or, to tell what that costs, does not.
func BenchmarkInsert(b *testing.B) {
	for _, fsync := range []string{"on", "off"} {
		server, err := cluster.Start(b.Context(), cluster.Options{Settings: map[string]string{"fsync": fsync}})
		var missing *cluster.MissingError
		if errors.As(err, &missing) {
			b.Skipf("SKIPPED: %v", err)
		}
		if err != nil {
			b.Fatal(err)
		}
		for _, size := range []int{16, 256, 1024, 8192} {
			b.Run(fmt.Sprintf("fsync=%s/size=%d/executor", fsync, size), func(b *testing.B) { insertByExecutor(b, server.URL("postgres"), size) })
			b.Run(fmt.Sprintf("fsync=%s/size=%d/copy", fsync, size), func(b *testing.B) { insertByCopy(b, server.URL("postgres"), size) })
		}
		if err := server.Stop(); err != nil {
			b.Fatal(err)
		}
	}
}

// spread is the nth of keys without an order, each once.
func spread(n int) string { return fmt.Sprintf("%016x", uint64(n)*0x9e3779b97f4a7c15) }

func insertByExecutor(b *testing.B, url string, size int) {
	cfg := postgres.Config{URL: url, Schema: fmt.Sprintf("b%d", schemas.Add(1)), Tables: []rows.Table{ledgerTables()[0]}}
	cfg.Tables[0].Indexes = nil
	e, err := postgres.Open(b.Context(), cfg, "ledger", 1)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	n, effects := 0, make([]effect.Effect, size)
	for b.Loop() {
		b.StopTimer()
		at := event.Position(n)
		for i := range effects {
			effects[i] = insert(at+event.Position(i)+1, "accounts", fmt.Sprintf(`{"id":%q,"owner":"somebody's name","balance":%d}`, spread(n), n))
			n++
		}
		b.StartTimer()
		if err := e.Execute(b.Context(), batch("ledger", 1, at, event.Position(n), effects...)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}

func insertByCopy(b *testing.B, url string, size int) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	schema := fmt.Sprintf("b%d", schemas.Add(1))
	execOn(b, conn, "CREATE SCHEMA "+schema,
		`CREATE TABLE `+schema+`.accounts (id text COLLATE "C" PRIMARY KEY, owner text COLLATE "C", balance bigint)`,
		`CREATE TEMPORARY TABLE stage (LIKE `+schema+`.accounts) ON COMMIT DELETE ROWS`)
	upsert := `INSERT INTO ` + schema + `.accounts SELECT * FROM stage ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, balance = excluded.balance`
	n, values := 0, make([][]any, size)
	for b.Loop() {
		b.StopTimer()
		for i := range values {
			values[i] = []any{spread(n), "somebody's name", int64(n)}
			n++
		}
		b.StartTimer()
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{"stage"}, []string{"id", "owner", "balance"}, pgx.CopyFromRows(values)); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, upsert)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}
