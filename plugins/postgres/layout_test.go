package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/rows"
)

// everything is what the schema has, in a form that tells any change.
func everything(t *testing.T, cfg postgres.Config) []string {
	t.Helper()
	return column(t, cfg, `SELECT concat_ws(' ', relname, relkind, oid, pg_get_viewdef(oid)) FROM pg_class WHERE relnamespace = $1::regnamespace ORDER BY 1`, cfg.Schema)
}

func TestStrangersTableIsLeftAlone(t *testing.T) {
	for stranger, name := range map[string]string{
		`CREATE TABLE accounts (x text)`:                     "accounts",
		`CREATE VIEW accounts AS SELECT 1 AS x`:              "accounts",
		`CREATE TYPE accounts AS ENUM ('x')`:                 "accounts",
		`CREATE SEQUENCE accounts__g1`:                       "accounts__g1",
		`CREATE MATERIALIZED VIEW entries AS TABLE pg_class`: "entries",
	} {
		cfg := ledgerConfig(t)
		mustExec(t, postgres.Config{URL: cfg.URL}, "CREATE SCHEMA "+cfg.Schema)
		mustExec(t, cfg, stranger)
		before := everything(t, cfg)
		_, err := postgres.Open(t.Context(), cfg, "ledger", 1)
		wantTableError(t, err, rows.TableError{Table: name, Reason: "no pipeline created it"})
		if diff := cmp.Diff(before, everything(t, cfg)); diff != "" {
			t.Errorf("%s: the schema has changed:\n%s", stranger, diff)
		}
	}
}

// A name that tells cases apart is another one.
func TestNamesTellCasesApart(t *testing.T) {
	cfg := ledgerConfig(t)
	mustExec(t, postgres.Config{URL: cfg.URL}, "CREATE SCHEMA "+cfg.Schema)
	mustExec(t, cfg, `CREATE TABLE "Accounts" (x text)`)
	open(t, cfg, "ledger", 1)
}

// A table that appears while a generation is being built is found when the
// generation is to take its name.
func TestStrangersTableBlocksActivation(t *testing.T) {
	cfg := ledgerConfig(t)
	old := cfg
	old.Tables = cfg.Tables[:1]
	open(t, old, "ledger", 1)
	e := open(t, cfg, "ledger", 2)
	mustExec(t, cfg, `CREATE TABLE entries AS SELECT 'kept' AS x`)
	wantTableError(t, e.Activate(t.Context()), rows.TableError{Table: "entries", Reason: "no pipeline created it"})
	if got := column(t, cfg, `SELECT x FROM entries`); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("the stranger's table holds %v", got)
	}
	mustExec(t, cfg, `DROP TABLE entries`)
	mustActivate(t, e)
}

func TestPipelinesShareASchemaButNoTable(t *testing.T) {
	cfg := ledgerConfig(t)
	accounts, entries := cfg, cfg
	accounts.Tables, entries.Tables = cfg.Tables[:1], cfg.Tables[1:]
	a, e := open(t, accounts, "accounting", 1), open(t, entries, "journal's", 1)
	mustExecute(t, a, batch("accounting", 1, 0, 5, insert(1, "accounts", `{"id":"a"}`)))
	mustExecute(t, e, batch("journal's", 1, 0, 2, insert(2, "entries", `{"account":"a","seq":1}`)))

	_, err := postgres.Open(t.Context(), cfg, "greedy", 1)
	wantTableError(t, err, rows.TableError{Table: "accounts", Owner: "accounting", Reason: `belongs to pipeline "accounting"`})
	if got := column(t, cfg, `SELECT pipeline FROM _refold_checkpoints ORDER BY 1`); !slices.Equal(got, []string{"accounting", "journal's"}) {
		t.Errorf("the pipelines on record are %v", got)
	}

	next := open(t, entries, "journal's", 2)
	mustExecute(t, next, batch("journal's", 2, 0, 2, insert(2, "entries", `{"account":"b","seq":1}`)))
	mustActivate(t, next)
	if got := column(t, cfg, `SELECT account FROM entries`); !slices.Equal(got, []string{"b"}) {
		t.Errorf("the table holds %v", got)
	}
}

// A table that exists under construction only is owned too.
func TestTableUnderConstructionIsOwned(t *testing.T) {
	cfg := ledgerConfig(t)
	first, entries := cfg, cfg
	first.Tables, entries.Tables = cfg.Tables[:1], cfg.Tables[1:]
	open(t, first, "ledger", 1)
	open(t, cfg, "ledger", 2)
	_, err := postgres.Open(t.Context(), entries, "journal", 1)
	wantTableError(t, err, rows.TableError{Table: "entries", Owner: "ledger", Reason: "belongs to"})
}

func TestChangedDeclarationNeedsARebuild(t *testing.T) {
	extra := rows.Column{Name: "note", Type: rows.Text}
	for _, c := range []struct {
		name string
		edit func(*postgres.Config)
		want rows.TableError
	}{
		{"column more", func(c *postgres.Config) { c.Tables[0].Columns = append(c.Tables[0].Columns, extra) },
			rows.TableError{Table: "accounts", Column: "note", Reason: "built without it"}},
		{"column less", func(c *postgres.Config) { c.Tables[0].Columns = c.Tables[0].Columns[:2]; c.Tables[0].Indexes = nil },
			rows.TableError{Table: "accounts", Column: "balance", Reason: "is no longer declared"}},
		{"another type", func(c *postgres.Config) { c.Tables[0].Columns[2].Type = rows.Real },
			rows.TableError{Table: "accounts", Column: "balance", Reason: "is declared as real, but the table was built with integer"}},
		{"key", func(c *postgres.Config) { c.Tables[1].PrimaryKey = []string{"seq", "account"} },
			rows.TableError{Table: "entries", Reason: `the primary key ("seq", "account")`}},
		{"table less", func(c *postgres.Config) { c.Tables = c.Tables[:1] },
			rows.TableError{Table: "entries", Reason: "is no longer declared"}},
		{"table more", func(c *postgres.Config) {
			more := c.Tables[1]
			more.Name = "more"
			c.Tables = append(c.Tables, more)
		}, rows.TableError{Table: "more", Reason: "built without it"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := ledgerConfig(t)
			first := open(t, cfg, "ledger", 1)
			cfg.Tables = ledgerTables()
			c.edit(&cfg)
			_, err := postgres.Open(t.Context(), cfg, "ledger", 1)
			wantTableError(t, err, c.want)
			if !strings.Contains(err.Error(), "rebuild with `refold replay ledger`") {
				t.Errorf("error %v has no advice", err)
			}
			// The attempt was rolled back: it fenced nobody off.
			mustExecute(t, first, batch("ledger", 1, 0, 1))
			mustActivate(t, open(t, cfg, "ledger", 2))
			if got := column(t, cfg, `SELECT count(*)::text FROM accounts`); !slices.Equal(got, []string{"0"}) {
				t.Errorf("the table has %v rows", got)
			}
		})
	}
}

func TestOrderOfColumnsDoesNotMatter(t *testing.T) {
	cfg := ledgerConfig(t)
	open(t, cfg, "ledger", 1)
	cfg.Tables = ledgerTables()
	cfg.Tables[0].Columns = []rows.Column{cfg.Tables[0].Columns[2], cfg.Tables[0].Columns[0], cfg.Tables[0].Columns[1]}
	e := open(t, cfg, "ledger", 1)
	mustExecute(t, e, batch("ledger", 1, 0, 1, insert(1, "accounts", `{"id":"a","owner":"Ann","balance":1}`)))
	want := map[string]string{"a": `{"balance" : 1, "id" : "a", "owner" : "Ann"}`}
	if diff := cmp.Diff(want, stored(t, cfg, "accounts")); diff != "" {
		t.Error(diff)
	}
}

func TestTableAlteredByHand(t *testing.T) {
	for statement, reason := range map[string]string{
		`ALTER TABLE accounts__g1 ADD COLUMN x text`:                        "altered by another program",
		`ALTER TABLE accounts__g1 RENAME COLUMN owner TO held`:              "altered by another program",
		`DROP TABLE accounts__g1 CASCADE`:                                   "missing from the database",
		`DROP VIEW accounts`:                                                "does not show it",
		`DROP VIEW accounts; CREATE VIEW accounts AS SELECT ''::text AS id`: "does not show it",
	} {
		cfg := ledgerConfig(t)
		open(t, cfg, "ledger", 1)
		mustExec(t, cfg, statement)
		_, err := postgres.Open(t.Context(), cfg, "ledger", 1)
		wantTableError(t, err, rows.TableError{Table: "accounts", Reason: reason})
	}
}

func TestIndexesFollowTheDeclaration(t *testing.T) {
	cfg := ledgerConfig(t)
	indexes := func() []string {
		return column(t, cfg, `SELECT substring(indexdef FROM '\(.*') FROM pg_indexes WHERE schemaname = $1 AND tablename = 'accounts__g1' ORDER BY 1`, cfg.Schema)
	}
	open(t, cfg, "ledger", 1)
	if got, want := indexes(), []string{"(id)", "(owner)", "(owner, balance)"}; !slices.Equal(got, want) {
		t.Errorf("the indexes are %v, want %v", got, want)
	}
	cfg.Tables = ledgerTables()
	cfg.Tables[0].Indexes = [][]string{{"balance"}, {"owner"}}
	open(t, cfg, "ledger", 1)
	if got, want := indexes(), []string{"(balance)", "(id)", "(owner)"}; !slices.Equal(got, want) {
		t.Errorf("the indexes are %v, want %v", got, want)
	}
}

func TestUnknownBookkeepingVersion(t *testing.T) {
	cfg := ledgerConfig(t)
	open(t, cfg, "ledger", 1)
	mustExec(t, cfg, "UPDATE _refold_format SET version = 2")
	_, err := postgres.Open(t.Context(), cfg, "ledger", 1)
	if err == nil || !strings.Contains(err.Error(), "have version 2, this program knows version 1") {
		t.Errorf("got error %v, want one about the version", err)
	}
}

// Any name of a schema or a pipeline is one.
func TestNamesAreQuoted(t *testing.T) {
	cfg := ledgerConfig(t)
	cfg.Schema = `we"ird'` + cfg.Schema
	t.Cleanup(func() {
		mustExec(t, postgres.Config{URL: cfg.URL}, "DROP SCHEMA "+pgx.Identifier{cfg.Schema}.Sanitize()+" CASCADE")
	})
	const pipeline = `a'b"c\d`
	mustExecute(t, open(t, cfg, pipeline, 1), batch(pipeline, 1, 0, 1, insert(1, "accounts", `{"id":"a"}`)))
	e := open(t, cfg, pipeline, 2)
	mustExecute(t, e, batch(pipeline, 2, 0, 1, insert(1, "accounts", `{"id":"b"}`)))
	mustActivate(t, e)
	mustExecute(t, e, batch(pipeline, 2, 1, 2, insert(2, "accounts", `{"id":"c"}`)))
}
