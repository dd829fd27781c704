package sqlite_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

func wantTableError(t *testing.T, err error, want rows.TableError) {
	t.Helper()
	var got *rows.TableError
	if !errors.As(err, &got) {
		t.Fatalf("got error %v, want a TableError", err)
	}
	if got.Table != want.Table || got.Column != want.Column || got.Owner != want.Owner || !strings.Contains(got.Reason, want.Reason) {
		t.Errorf("got %+v\nwant %+v", *got, want)
	}
}

func TestStrangersTableIsLeftAlone(t *testing.T) {
	for _, stranger := range []string{
		`CREATE TABLE accounts (x TEXT)`,
		`CREATE TABLE "ACCOUNTS" (x TEXT)`,
		`CREATE VIEW accounts AS SELECT 'kept' AS x`,
	} {
		path := filepath.Join(t.TempDir(), "read.db")
		mustExec(t, path, stranger)
		before := column(t, path, `SELECT name || sql FROM sqlite_schema ORDER BY 1`)
		_, err := sqlite.Open(t.Context(), ledgerConfig(path), "ledger", 1)
		name := "accounts"
		if strings.Contains(stranger, "ACCOUNTS") {
			name = "ACCOUNTS"
		}
		wantTableError(t, err, rows.TableError{Table: name, Reason: "no pipeline created it"})
		if diff := cmp.Diff(before, column(t, path, `SELECT name || sql FROM sqlite_schema ORDER BY 1`)); diff != "" {
			t.Errorf("%s: the file has changed:\n%s", stranger, diff)
		}
	}
}

// A table that appears while a generation is being built is found when the
// generation is to take its name.
func TestStrangersTableBlocksActivation(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	old := cfg
	old.Tables = cfg.Tables[:1]
	open(t, old, "ledger", 1)
	e := open(t, cfg, "ledger", 2)
	mustExec(t, cfg.Path, `CREATE TABLE entries (x TEXT)`, `INSERT INTO entries VALUES ('kept')`)
	wantTableError(t, e.Activate(t.Context()), rows.TableError{Table: "entries", Reason: "no pipeline created it"})
	if got := column(t, cfg.Path, `SELECT x FROM entries`); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("the stranger's table holds %v", got)
	}
	mustExec(t, cfg.Path, `DROP TABLE entries`)
	if err := e.Activate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPipelinesShareAFileButNoTable(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	accounts, entries := cfg, cfg
	accounts.Tables, entries.Tables = cfg.Tables[:1], cfg.Tables[1:]
	a, e := open(t, accounts, "accounting", 1), open(t, entries, "journal", 1)
	mustExecute(t, a, batch("accounting", 1, 0, 5, insert(1, "accounts", `{"id":"a"}`)))
	mustExecute(t, e, batch("journal", 1, 0, 2, insert(2, "entries", `{"account":"a","seq":1}`)))

	_, err := sqlite.Open(t.Context(), cfg, "greedy", 1)
	wantTableError(t, err, rows.TableError{Table: "accounts", Owner: "accounting", Reason: `belongs to pipeline "accounting"`})
	if got := column(t, cfg.Path, `SELECT pipeline FROM _refold_checkpoints ORDER BY 1`); !slices.Equal(got, []string{"accounting", "journal"}) {
		t.Errorf("the pipelines on record are %v", got)
	}
}

// A table that exists under construction only is owned too.
func TestTableUnderConstructionIsOwned(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	first, entries := cfg, cfg
	first.Tables, entries.Tables = cfg.Tables[:1], cfg.Tables[1:]
	open(t, first, "ledger", 1)
	open(t, cfg, "ledger", 2)
	_, err := sqlite.Open(t.Context(), entries, "journal", 1)
	wantTableError(t, err, rows.TableError{Table: "entries", Owner: "ledger", Reason: "belongs to"})
}

func TestChangedDeclarationNeedsARebuild(t *testing.T) {
	extra := rows.Column{Name: "note", Type: rows.Text}
	for _, c := range []struct {
		name string
		edit func(*sqlite.Config)
		want rows.TableError
	}{
		{"column more", func(c *sqlite.Config) { c.Tables[0].Columns = append(c.Tables[0].Columns, extra) },
			rows.TableError{Table: "accounts", Column: "note", Reason: "built without it"}},
		{"column less", func(c *sqlite.Config) { c.Tables[0].Columns = c.Tables[0].Columns[:2]; c.Tables[0].Indexes = nil },
			rows.TableError{Table: "accounts", Column: "balance", Reason: "is no longer declared"}},
		{"type of the same storage", func(c *sqlite.Config) { c.Tables[0].Columns[2].Type = rows.Boolean },
			rows.TableError{Table: "accounts", Column: "balance", Reason: "is declared as boolean, but the table was built with integer"}},
		{"key", func(c *sqlite.Config) { c.Tables[1].PrimaryKey = []string{"seq", "account"} },
			rows.TableError{Table: "entries", Reason: `the primary key ("seq", "account")`}},
		{"table less", func(c *sqlite.Config) { c.Tables = c.Tables[:1] },
			rows.TableError{Table: "entries", Reason: "is no longer declared"}},
		{"table more", func(c *sqlite.Config) {
			more := c.Tables[1]
			more.Name = "more"
			c.Tables = append(c.Tables, more)
		}, rows.TableError{Table: "more", Reason: "built without it"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "read.db")
			first := open(t, ledgerConfig(path), "ledger", 1)
			cfg := ledgerConfig(path)
			c.edit(&cfg)
			_, err := sqlite.Open(t.Context(), cfg, "ledger", 1)
			wantTableError(t, err, c.want)
			if !strings.Contains(err.Error(), "rebuild with `refold replay ledger`") {
				t.Errorf("error %v has no advice", err)
			}
			// The attempt was rolled back: it fenced nobody off.
			mustExecute(t, first, batch("ledger", 1, 0, 1))

			next := open(t, cfg, "ledger", 2)
			if err := next.Activate(t.Context()); err != nil {
				t.Errorf("a new generation with the new columns: %v", err)
			}
		})
	}
}

func TestOrderOfColumnsDoesNotMatter(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	open(t, cfg, "ledger", 1)
	cfg.Tables[0].Columns = []rows.Column{cfg.Tables[0].Columns[2], cfg.Tables[0].Columns[0], cfg.Tables[0].Columns[1]}
	e := open(t, cfg, "ledger", 1)
	mustExecute(t, e, batch("ledger", 1, 0, 1, insert(1, "accounts", `{"id":"a","owner":"Ann","balance":1}`)))
	want := map[string]string{"a": `{"balance":1,"id":"a","owner":"Ann"}`}
	if diff := cmp.Diff(want, stored(t, cfg.Path, "accounts")); diff != "" {
		t.Error(diff)
	}
}

func TestTableAlteredByHand(t *testing.T) {
	for statement, reason := range map[string]string{
		`ALTER TABLE accounts ADD COLUMN x TEXT`:           "altered by another program",
		`ALTER TABLE accounts RENAME COLUMN owner TO held`: "altered by another program",
		`DROP TABLE accounts`:                              "missing from the file",
	} {
		cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
		open(t, cfg, "ledger", 1)
		mustExec(t, cfg.Path, statement)
		_, err := sqlite.Open(t.Context(), cfg, "ledger", 1)
		wantTableError(t, err, rows.TableError{Table: "accounts", Reason: reason})

		next := open(t, cfg, "ledger", 2)
		if err := next.Activate(t.Context()); err != nil {
			t.Errorf("rebuild after %s: %v", statement, err)
		}
	}
}

func TestIndexesFollowTheDeclaration(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	wantIndexes := func(want ...string) {
		t.Helper()
		got := column(t, cfg.Path, `SELECT name FROM pragma_index_list('accounts') WHERE origin = 'c' ORDER BY name`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	open(t, cfg, "ledger", 1)
	wantIndexes("accounts__g1.owner", "accounts__g1.owner.balance")
	cfg.Tables[0].Indexes = [][]string{{"balance"}, {"owner"}}
	open(t, cfg, "ledger", 1)
	wantIndexes("accounts__g1.balance", "accounts__g1.owner")

	next := open(t, cfg, "ledger", 2)
	wantIndexes("accounts__g1.balance", "accounts__g1.owner")
	if err := next.Activate(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantIndexes("accounts__g2.balance", "accounts__g2.owner")
	cfg.Tables[0].Indexes = nil
	open(t, cfg, "ledger", 2)
	wantIndexes()
}
