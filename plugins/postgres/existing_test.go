package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/rows"
)

// existingConfig declares tables that a user's migrations have made.
func existingConfig(t *testing.T, migrations ...string) postgres.Config {
	t.Helper()
	cfg := ledgerConfig(t)
	cfg.ExistingTables = true
	if len(migrations) == 0 {
		migrate(t, cfg)
		return cfg
	}
	mustExec(t, postgres.Config{URL: cfg.URL}, "CREATE SCHEMA "+cfg.Schema)
	mustExec(t, cfg, migrations...)
	return cfg
}

const (
	accountsTable = `CREATE TABLE accounts (id text PRIMARY KEY, owner text, balance bigint)`
	entriesTable  = `CREATE TABLE entries (account text, seq bigint, amount bigint, PRIMARY KEY (account, seq))`
)

func TestExistingTablesHaveToMatch(t *testing.T) {
	for name, c := range map[string]struct {
		migrations []string
		want       rows.TableError
	}{
		"missing": {[]string{accountsTable},
			rows.TableError{Table: "entries", Reason: "does not exist in schema"}},
		"column missing": {[]string{`CREATE TABLE accounts (id text PRIMARY KEY, owner text)`},
			rows.TableError{Table: "accounts", Column: "balance", Reason: "is declared, but the table has no such column"}},
		"another type": {[]string{`CREATE TABLE accounts (id text PRIMARY KEY, owner text, balance numeric)`},
			rows.TableError{Table: "accounts", Column: "balance", Reason: "is declared as integer, for which the table has to have bigint or integer or smallint, but it has numeric"}},
		"a length": {[]string{`CREATE TABLE accounts (id varchar(10) PRIMARY KEY, owner text, balance bigint)`},
			rows.TableError{Table: "accounts", Column: "id", Reason: "it has character varying(10)"}},
		"computed": {[]string{`CREATE TABLE accounts (id text PRIMARY KEY, owner text, balance bigint GENERATED ALWAYS AS (1) STORED)`},
			rows.TableError{Table: "accounts", Column: "balance", Reason: "the table computes it itself"}},
		"a column that wants a value": {[]string{`CREATE TABLE accounts (id text PRIMARY KEY, owner text, balance bigint, note text NOT NULL)`},
			rows.TableError{Table: "accounts", Column: "note", Reason: "is not declared, and can neither be null nor has a default"}},
		"another key": {[]string{`CREATE TABLE accounts (id text, owner text PRIMARY KEY, balance bigint)`},
			rows.TableError{Table: "accounts", Reason: `is declared with the primary key ("id"), but has ("owner")`}},
		"no key": {[]string{`CREATE TABLE accounts (id text UNIQUE NOT NULL, owner text, balance bigint)`},
			rows.TableError{Table: "accounts", Reason: "but has none"}},
		"deferrable key": {[]string{`CREATE TABLE accounts (id text PRIMARY KEY DEFERRABLE, owner text, balance bigint)`},
			rows.TableError{Table: "accounts", Reason: "deferrable"}},
		"a collation that equates": {[]string{
			`CREATE COLLATION whatever (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
			`CREATE TABLE accounts (id text COLLATE whatever PRIMARY KEY, owner text, balance bigint)`},
			rows.TableError{Table: "accounts", Column: "id", Reason: "takes different texts for the same"}},
		"a view": {[]string{accountsTable, `CREATE VIEW entries AS SELECT ''::text AS account, 1::bigint AS seq, 1::bigint AS amount`},
			rows.TableError{Table: "entries", Reason: "is no table"}},
		"unlogged": {[]string{strings.Replace(accountsTable, "TABLE", "UNLOGGED TABLE", 1)},
			rows.TableError{Table: "accounts", Reason: "is not kept over a crash"}},
		"a rule": {[]string{accountsTable, `CREATE RULE r AS ON DELETE TO accounts DO INSTEAD NOTHING`},
			rows.TableError{Table: "accounts", Reason: "has rules"}},
		"a cascade": {[]string{accountsTable, `CREATE TABLE entries (account text REFERENCES accounts ON DELETE CASCADE, seq bigint, amount bigint, PRIMARY KEY (account, seq))`},
			rows.TableError{Table: "entries", Reason: "has the foreign key entries_account_fkey, which deletes or changes rows by itself"}},
		"rows": {[]string{accountsTable, entriesTable, `INSERT INTO entries VALUES ('mine', 1, 1)`},
			rows.TableError{Table: "entries", Reason: "holds rows already"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := existingConfig(t, c.migrations...)
			before := everything(t, cfg)
			e, err := postgres.Open(t.Context(), cfg, "ledger", 1)
			if err == nil {
				e.Close()
			}
			wantTableError(t, err, c.want)
			if diff := cmp.Diff(before, everything(t, cfg)); diff != "" {
				t.Errorf("the schema has changed:\n%s", diff)
			}
		})
	}
}

// Whoever goes from one kind of tables to the other needs another schema.
func TestKindsOfTablesDoNotMix(t *testing.T) {
	cfg := ledgerConfig(t)
	open(t, cfg, "ledger", 1)
	cfg.ExistingTables = true
	for generation := uint64(1); generation <= 2; generation++ {
		_, err := postgres.Open(t.Context(), cfg, "ledger", generation)
		if err == nil || !strings.Contains(err.Error(), "name another schema") {
			t.Errorf("got error %v, want one that names a way out", err)
		}
	}
}

// An activation leaves the user's tables the ones that they are, with all that
// belongs to them, and rows that are the same untouched.
func TestExistingTablesStay(t *testing.T) {
	cfg := existingConfig(t,
		`CREATE TABLE accounts (id text PRIMARY KEY, owner text, balance bigint, seen timestamptz NOT NULL DEFAULT now())`,
		`CREATE TABLE entries (account text REFERENCES accounts, seq bigint, amount bigint CHECK (amount > 0), PRIMARY KEY (account, seq))`,
		`CREATE VIEW rich AS SELECT id FROM accounts WHERE balance > 1`)
	id := func() []string { return column(t, cfg, `SELECT 'accounts'::regclass::oid::text`) }
	versions := func() []string { return column(t, cfg, `SELECT id || xmin FROM accounts ORDER BY 1`) }
	e := open(t, cfg, "ledger", 1)
	mustExecute(t, e, batch("ledger", 1, 0, 2,
		insert(1, "accounts", `{"id":"a","balance":1}`), insert(1, "entries", `{"account":"a","seq":1,"amount":1}`),
		insert(2, "accounts", `{"id":"b","balance":2}`)))
	before, rowsBefore := id(), versions()

	next := open(t, cfg, "ledger", 2)
	mustExecute(t, next, batch("ledger", 2, 0, 2,
		insert(1, "accounts", `{"id":"a","balance":1}`), insert(1, "entries", `{"account":"a","seq":2,"amount":5}`),
		insert(2, "accounts", `{"id":"c","balance":3}`)))
	mustActivate(t, next)
	if !slices.Equal(id(), before) {
		t.Error("the table is another one")
	}
	if got := column(t, cfg, `SELECT id FROM rich`); !slices.Equal(got, []string{"c"}) {
		t.Errorf("the view shows %v", got)
	}
	if got := versions(); got[0] != rowsBefore[0] {
		t.Errorf("a row that is the same has been written: %v, before %v", got, rowsBefore)
	}
	if got := column(t, cfg, `SELECT account || seq || amount FROM entries`); !slices.Equal(got, []string{"a25"}) {
		t.Errorf("the entries are %v", got)
	}
	if got, want := relations(t, cfg), []string{"accounts r", "entries r", "rich v"}; !slices.Equal(got, want) {
		t.Errorf("there are %v, want %v", got, want)
	}
}

// With foreign keys rows go in the order that the tables are declared in, and come
// back in the other; whatever does not go so goes one by one.
func TestForeignKeys(t *testing.T) {
	cfg := existingConfig(t, accountsTable,
		`CREATE TABLE entries (account text REFERENCES accounts, seq bigint, amount bigint, PRIMARY KEY (account, seq))`)
	e := open(t, cfg, "ledger", 1)
	mustExecute(t, e, batch("ledger", 1, 0, 1, insert(1, "accounts", `{"id":"a"}`), insert(1, "entries", `{"account":"a","seq":1}`)))
	mustExecute(t, e, batch("ledger", 1, 1, 2, remove(2, "entries", `["a",1]`), remove(2, "accounts", "a")))
	// The account that the entry leaves goes away before the one that it comes to is
	// there, if all deletions come first.
	mustExecute(t, e, batch("ledger", 1, 2, 3, insert(3, "accounts", `{"id":"b"}`), insert(3, "entries", `{"account":"b","seq":1}`)))
	err := e.Execute(t.Context(), batch("ledger", 1, 3, 5,
		insert(4, "accounts", `{"id":"c"}`), remove(5, "accounts", "b")))
	wantRowError(t, err, 5, 0, "violates foreign key constraint")
	if got := column(t, cfg, `SELECT id FROM accounts`); !slices.Equal(got, []string{"b"}) {
		t.Errorf("the accounts are %v", got)
	}
}

// A table the user has changed has to match still.
func TestExistingTableIsChanged(t *testing.T) {
	cfg := existingConfig(t)
	open(t, cfg, "ledger", 1)
	mustExec(t, cfg, `ALTER TABLE accounts ADD COLUMN note text`)
	open(t, cfg, "ledger", 1)
	mustExec(t, cfg, `ALTER TABLE accounts DROP COLUMN owner`)
	_, err := postgres.Open(t.Context(), cfg, "ledger", 1)
	wantTableError(t, err, rows.TableError{Table: "accounts", Column: "owner", Reason: "no such column"})
}
