package sqlite_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

func TestConformance(t *testing.T) {
	executortest.Run(t, executortest.Suite{
		Features: executortest.Features{Transactional: true, Rows: true, Schema: true, Generations: true, Keeps: true, Queries: true},
		New: func(t *testing.T) executortest.Store {
			cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
			cfg.BusyTimeout = 100 * time.Millisecond
			cfg.Queries = &rows.Queries{Timeout: time.Second, Rows: 100, Bytes: 10_000}
			return storeOf(t, cfg)
		},
	})
}

func storeOf(t *testing.T, cfg sqlite.Config) executortest.Store {
	return executortest.Store{
		Open:    opener(t.Context(), cfg),
		Rows:    func(t *testing.T, table string) map[string]string { return stored(t, cfg.Path, table) },
		Check:   func(t *testing.T) { checkIntegrity(t, cfg.Path) },
		Provoke: failures(cfg.Path),
	}
}

// failures are another program's lock on the file, a row without a table, and a
// trigger that somebody has added, which refuses all rows.
func failures(path string) map[executortest.Failure]func(*testing.T) executortest.Provoked {
	return map[executortest.Failure]func(*testing.T) executortest.Provoked{
		executortest.Retryable: func(t *testing.T) executortest.Provoked {
			conn, err := reader(t, path).Conn(t.Context())
			if err == nil {
				_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
			}
			if err != nil {
				t.Fatal(err)
			}
			return executortest.Provoked{Mend: func() {
				_, err := conn.ExecContext(t.Context(), "ROLLBACK")
				if err := errors.Join(err, conn.Close()); err != nil {
					t.Error(err)
				}
			}}
		},
		executortest.Poison: func(*testing.T) executortest.Provoked {
			return executortest.Provoked{Effect: effect.Effect{Kind: effect.Insert, Name: "nowhere", Body: []byte(`{}`)}}
		},
		executortest.Fatal: func(t *testing.T) executortest.Provoked {
			mustExec(t, path, "CREATE TRIGGER refuse BEFORE INSERT ON accounts BEGIN SELECT RAISE(ABORT, 'refused'); END")
			return executortest.Provoked{Mend: func() { mustExec(t, path, "DROP TRIGGER refuse") }}
		},
	}
}

// ledgerConfig declares the tables of the conformance suite.
func ledgerConfig(path string) sqlite.Config {
	return sqlite.Config{Path: path, Tables: []rows.Table{
		{
			Name: "accounts",
			Columns: []rows.Column{
				{Name: "id", Type: rows.Text}, {Name: "owner", Type: rows.Text}, {Name: "balance", Type: rows.Integer},
			},
			PrimaryKey: []string{"id"},
			Indexes:    [][]string{{"owner"}, {"owner", "balance"}},
		},
		{
			Name: "entries",
			Columns: []rows.Column{
				{Name: "account", Type: rows.Text}, {Name: "seq", Type: rows.Integer}, {Name: "amount", Type: rows.Integer},
			},
			PrimaryKey: []string{"account", "seq"},
		},
	}}
}

func open(t *testing.T, cfg sqlite.Config, pipeline string, generation uint64) *sqlite.Executor {
	t.Helper()
	e, err := sqlite.Open(t.Context(), cfg, pipeline, generation)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		checkIntegrity(t, cfg.Path)
	})
	return e
}

// reader opens the file as another program would.
func reader(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func mustExec(t *testing.T, path string, statements ...string) {
	t.Helper()
	db := reader(t, path)
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func checkIntegrity(t testing.TB, path string) {
	t.Helper()
	for _, pragma := range []string{"integrity_check", "foreign_key_check"} {
		for _, found := range column(t, path, "PRAGMA "+pragma) {
			if found != "ok" {
				t.Errorf("%s: %s", pragma, found)
			}
		}
	}
}

// column reads a query's first column as text.
func column(t testing.TB, path, query string, args ...any) []string {
	t.Helper()
	db := reader(t, path)
	defer db.Close()
	found, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer found.Close()
	var all []string
	for found.Next() {
		var one string
		if err := found.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// stored reads a table as readers see it: JSON objects by their keys.
func stored(t testing.TB, path, table string) map[string]string {
	t.Helper()
	db := reader(t, path)
	defer db.Close()
	key := column(t, path, `SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`, table)
	found, err := db.Query(`SELECT * FROM "` + table + `"`)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for found.Next() {
		row := make(map[string]any, len(names))
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			row[name] = values[i]
		}
		all[keyText(t, row, key)] = text(t, row)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func keyText(t testing.TB, row map[string]any, key []string) string {
	t.Helper()
	if len(key) == 1 {
		return fmt.Sprint(row[key[0]])
	}
	var parts []any
	for _, name := range key {
		parts = append(parts, row[name])
	}
	return text(t, parts)
}

func text(t testing.TB, v any) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func batch(pipeline string, generation uint64, after, through event.Position, effects ...effect.Effect) effect.Batch {
	return effect.Batch{Pipeline: pipeline, Generation: generation, After: after, Through: through, Effects: effects}
}

func insert(cause event.Position, table, row string) effect.Effect {
	return effect.Effect{Kind: effect.Insert, Cause: cause, Name: table, Body: json.RawMessage(row)}
}

func mustExecute(t *testing.T, e *sqlite.Executor, b effect.Batch) {
	t.Helper()
	if err := e.Execute(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}
