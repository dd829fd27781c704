package soak

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

func rowsOf(open map[string]*account) (rows []string) {
	for _, name := range slices.Sorted(maps.Keys(open)) {
		a := open[name]
		rows = append(rows, fmt.Sprintf("%s %d %d %s", name, a.balance, a.entries, a.owner))
	}
	return rows
}

// read reads a read model, with the driver of a database.
func read(t *testing.T, driver, source string) (all tables) {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all.Accounts = query(t, db, `SELECT account || ' ' || balance || ' ' || entries || ' ' || owner FROM accounts ORDER BY account`)
	all.Entries = query(t, db, `SELECT n || ' ' || account || ' ' || amount || ' ' || balance FROM entries ORDER BY n`)
	return all
}

func query(t *testing.T, db *sql.DB, text string) (found []string) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var row string
		if err := rows.Scan(&row); err != nil {
			t.Fatal(err)
		}
		found = append(found, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// wantTables compares a read model with what it has to be.
func wantTables(t *testing.T, what string, want, got tables) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%.4000s", what, diff)
	}
}
