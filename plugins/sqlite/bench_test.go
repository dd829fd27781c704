package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/sqlite"
)

const rowsPerBatch = 1024

// spread is the nth of keys without an order, each once.
func spread(n int) string { return fmt.Sprintf("%016x", uint64(n)*0x9e3779b97f4a7c15) }

// BenchmarkInsert measures new rows in batches of 1024, by the executor from
// JSON, and by hand: a prepared INSERT of values at hand, in one transaction
// per batch, into the same table with the same durability.
func BenchmarkInsert(b *testing.B) {
	b.Run("executor", func(b *testing.B) {
		cfg := ledgerConfig(filepath.Join(b.TempDir(), "read.db"))
		cfg.Tables[0].Indexes = nil
		e, err := sqlite.Open(b.Context(), cfg, "ledger", 1)
		if err != nil {
			b.Fatal(err)
		}
		defer e.Close()
		n := 0
		effects := make([]effect.Effect, rowsPerBatch)
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
	})
	b.Run("by hand", func(b *testing.B) {
		conn := handConn(b)
		stmt, err := conn.PrepareContext(context.Background(), `INSERT INTO accounts (id, owner, balance) VALUES (?, ?, ?)`)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		keys := make([]string, rowsPerBatch)
		for b.Loop() {
			b.StopTimer()
			for i := range keys {
				keys[i] = spread(n + i)
			}
			b.StartTimer()
			mustExecOn(b, conn, `BEGIN IMMEDIATE`)
			for _, key := range keys {
				if _, err := stmt.ExecContext(context.Background(), key, "somebody's name", int64(n)); err != nil {
					b.Fatal(err)
				}
				n++
			}
			mustExecOn(b, conn, `COMMIT`)
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
	})
}

// handConn is a connection as the executor has it, to a table as it makes it.
func handConn(b *testing.B) *sql.Conn {
	conn, err := reader(b, filepath.Join(b.TempDir(), "hand.db")).Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	for _, statement := range []string{
		`PRAGMA journal_mode=WAL`, `PRAGMA synchronous=FULL`, `PRAGMA cache_size=-16384`,
		`CREATE TABLE accounts (id TEXT NOT NULL PRIMARY KEY, owner TEXT, balance INTEGER) STRICT`,
	} {
		mustExecOn(b, conn, statement)
	}
	return conn
}

func mustExecOn(b *testing.B, conn *sql.Conn, statement string) {
	if _, err := conn.ExecContext(context.Background(), statement); err != nil {
		b.Fatalf("%s: %v", statement, err)
	}
}
