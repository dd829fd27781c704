package sqlite_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

func query(text string) effect.Effect {
	return effect.Effect{Kind: effect.Query, Cause: 1, Name: text}
}

func askable(t *testing.T) *sqlite.Executor {
	t.Helper()
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	cfg.Queries = &rows.Queries{}
	e := open(t, cfg, "ledger", 1)
	mustExecute(t, e, batch("ledger", 1, 0, 1, insert(1, "accounts", `{"id":"a","balance":1}`)))
	return e
}

// A query cannot leave the file, nor change how it is read.
func TestQueriesOnlySelect(t *testing.T) {
	e := askable(t)
	outside := filepath.Join(t.TempDir(), "outside.db")
	for _, text := range []string{
		`ATTACH '` + outside + `' AS o`,
		`VACUUM INTO '` + outside + `'`,
		`PRAGMA query_only = OFF`,
		`SELECT * FROM pragma_table_info('accounts')`,
		`SELECT load_extension('x') AS n`,
		`SELECT 1 AS n); ATTACH '` + outside + `' AS o; SELECT * FROM (SELECT 1 AS n`,
		`CREATE TEMP TABLE t (n)`,
		`SELECT ? AS n`,
		`SELECT zeroblob(100000000) AS n`,
	} {
		answer, err := e.Query(t.Context(), query(text))
		var condemned *rows.RowError
		if !errors.As(err, &condemned) {
			t.Errorf("%s: got %s and error %v, want one that condemns it", text, answer, err)
		}
	}
	if _, err := os.Stat(outside); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file has been made outside: %v", err)
	}
	mustExecute(t, e, batch("ledger", 1, 1, 2, insert(2, "accounts", `{"id":"b"}`)))
}

// Names and texts in each of SQLite's quotes are left alone.
func TestQuerySyntax(t *testing.T) {
	e := askable(t)
	q := query(`SELECT :a + 1 AS n, ':a ;' AS [s :a], "id" AS ` + "`d ; :a`" + ` FROM accounts /* ; :a */ -- :a`)
	q.Body = json.RawMessage(`{"a":1}`)
	got, err := e.Query(t.Context(), q)
	if want := `[{"n":2,"s :a":":a ;","d ; :a":"a"}]`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestQueriesThatAreNotWanted(t *testing.T) {
	e := open(t, ledgerConfig(filepath.Join(t.TempDir(), "read.db")), "ledger", 1)
	if _, err := e.Query(t.Context(), query(`SELECT 1 AS n`)); !errors.Is(err, errors.ErrUnsupported) || e.Handles(effect.Query) {
		t.Errorf("got error %v, and handles: %v", err, e.Handles(effect.Query))
	}
}
