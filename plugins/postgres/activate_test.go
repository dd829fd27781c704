package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/rows"
)

const rowsPerGeneration = 50

// build makes a generation whose rows say which generation they are of.
func build(t *testing.T, e *postgres.Executor, generation uint64) {
	t.Helper()
	var effects []effect.Effect
	for i := range rowsPerGeneration {
		effects = append(effects,
			insert(1, "accounts", fmt.Sprintf(`{"id":"%d","balance":%d}`, i, generation)),
			insert(1, "entries", fmt.Sprintf(`{"account":"a%d","seq":%[1]d,"amount":%d}`, i, generation)))
	}
	mustExecute(t, e, batch("ledger", generation, 0, 1, effects...))
}

const (
	ofAccounts = `SELECT count(*) || ' of ' || string_agg(DISTINCT balance::text, ',') FROM accounts`
	ofEntries  = `SELECT count(*) || ' of ' || string_agg(DISTINCT amount::text, ',') FROM entries`
)

// glances are ways to read both tables, and what they say of them.
var glances = map[string]func(ctx context.Context, conn *pgx.Conn) (accounts, entries string, err error){
	"in one statement": func(ctx context.Context, conn *pgx.Conn) (accounts, entries string, err error) {
		err = conn.QueryRow(ctx, `SELECT (`+ofAccounts+`), (`+ofEntries+`)`).Scan(&accounts, &entries)
		return accounts, entries, err
	},
	"in one snapshot": func(ctx context.Context, conn *pgx.Conn) (accounts, entries string, err error) {
		return inSnapshot(ctx, conn, ofAccounts)
	},
	"in one snapshot, the other way round": func(ctx context.Context, conn *pgx.Conn) (accounts, entries string, err error) {
		return inSnapshot(ctx, conn, ofEntries)
	},
	"in a snapshot that is older than the first look": func(ctx context.Context, conn *pgx.Conn) (accounts, entries string, err error) {
		return inSnapshot(ctx, conn, `SELECT pg_sleep(0.02)::text`)
	},
}

func inSnapshot(ctx context.Context, conn *pgx.Conn, first string) (accounts, entries string, err error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return "", "", err
	}
	defer tx.Rollback(ctx)
	var ignored string
	err = tx.QueryRow(ctx, first).Scan(&ignored)
	if err == nil {
		err = tx.QueryRow(ctx, ofEntries).Scan(&entries)
	}
	if err == nil {
		err = tx.QueryRow(ctx, ofAccounts).Scan(&accounts)
	}
	return accounts, entries, err
}

// glance says what is wrong with what a reader sees.
func glance(accounts, entries string, err error) error {
	var count, generation int
	if n, scanErr := fmt.Sscanf(accounts, "%d of %d", &count, &generation); err != nil || n != 2 || count != rowsPerGeneration ||
		accounts != fmt.Sprintf("%d of %d", count, generation) || entries != accounts {
		return fmt.Errorf("accounts are %q, entries %q: %w", accounts, entries, errors.Join(err, scanErr))
	}
	return nil
}

func TestReadersSeeWholeGenerations(t *testing.T) {
	for name, existing := range map[string]bool{"tables of refold's": false, "existing tables": true} {
		t.Run(name, func(t *testing.T) {
			cfg := ledgerConfig(t)
			cfg.ExistingTables = existing
			if existing {
				migrate(t, cfg)
			}
			readWhileReplacing(t, cfg)
		})
	}
}

func readWhileReplacing(t *testing.T, cfg postgres.Config) {
	build(t, open(t, cfg, "ledger", 1), 1)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var readers sync.WaitGroup
	seen := make(chan error, 100)
	looks := make(map[string]*atomic.Int64)
	for name, look := range glances {
		conn, n := connect(t, cfg), new(atomic.Int64)
		looks[name] = n
		readers.Go(func() {
			for ctx.Err() == nil {
				if err := glance(look(context.WithoutCancel(ctx), conn)); err != nil && len(seen) < cap(seen)/2 {
					seen <- fmt.Errorf("%s: %w", name, err)
				}
				n.Add(1)
			}
		})
	}
	generations := uint64(51)
	if testing.Short() || cfg.ExistingTables {
		generations = 6
	}
	for generation := uint64(2); generation <= generations; generation++ {
		e := open(t, cfg, "ledger", generation)
		build(t, e, generation)
		if err := e.Activate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		awaitLooks(t, looks)
	}
	stop()
	readers.Wait()
	close(seen)
	for err := range seen {
		t.Error(err)
	}
}

// awaitLooks waits until each reader has looked at what is there now.
func awaitLooks(t *testing.T, looks map[string]*atomic.Int64) {
	t.Helper()
	for name, n := range looks {
		want := n.Load() + 2
		for end := time.Now().Add(time.Minute); n.Load() < want; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the reader %s sees nothing", name)
			}
		}
	}
}

// What others have built upon a table, and what they may do with it, stays.
func TestViewsAndGrantsSurviveActivation(t *testing.T) {
	cfg := ledgerConfig(t)
	build(t, open(t, cfg, "ledger", 1), 1)
	role := "reader_of_" + cfg.Schema
	mustExec(t, cfg, "CREATE ROLE "+role, "GRANT SELECT ON accounts TO "+role+" WITH GRANT OPTION", "GRANT SELECT ON accounts TO PUBLIC",
		`CREATE VIEW rich AS SELECT id FROM accounts WHERE balance > 1`)
	t.Cleanup(func() { mustExec(t, postgres.Config{URL: cfg.URL}, "DROP OWNED BY "+role, "DROP ROLE "+role) })
	grants := func() []string {
		return column(t, cfg, `SELECT grantee::regrole::text || a.privilege_type || is_grantable FROM pg_class c, aclexplode(relacl) a WHERE oid = 'accounts'::regclass ORDER BY 1`)
	}
	before := grants()
	e := open(t, cfg, "ledger", 2)
	build(t, e, 2)
	mustActivate(t, e)
	if got := column(t, cfg, `SELECT count(*)::text FROM rich`); !slices.Equal(got, []string{"50"}) {
		t.Errorf("the view has %v rows, want 50", got)
	}
	if diff := cmp.Diff(before, grants()); diff != "" {
		t.Error(diff)
	}

	wider := cfg
	wider.Tables = ledgerTables()
	wider.Tables[0].Columns = append([]rows.Column{{Name: "note", Type: rows.Text}}, wider.Tables[0].Columns...)
	e = open(t, wider, "ledger", 3)
	build(t, e, 3)
	mustActivate(t, e)
	if got := column(t, cfg, `SELECT count(*)::text FROM rich`); !slices.Equal(got, []string{"50"}) {
		t.Errorf("with a column more the view has %v rows, want 50", got)
	}

	other := cfg
	other.Tables = ledgerTables()
	other.Tables[0].Columns[1].Type = rows.Integer
	e = open(t, other, "ledger", 4)
	build(t, e, 4)
	wantTableError(t, e.Activate(t.Context()), rows.TableError{Table: "accounts", Reason: "view rich depends on view accounts"})
	mustExec(t, cfg, "DROP VIEW rich")
	mustActivate(t, e)
	if diff := cmp.Diff(before, grants()); diff != "" {
		t.Errorf("after columns have changed:\n%s", diff)
	}
	if got := column(t, cfg, `SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = 'accounts'::regclass AND attname = 'owner'`); !slices.Equal(got, []string{"bigint"}) {
		t.Errorf("the column is of type %v", got)
	}
}

func mustActivate(t *testing.T, e *postgres.Executor) {
	t.Helper()
	if err := e.Activate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A table that is no longer declared is out of sight with the generation that had it,
// and comes back with it.
func TestTableNoLongerDeclared(t *testing.T) {
	cfg := ledgerConfig(t)
	build(t, open(t, cfg, "ledger", 1), 1)
	mustExec(t, cfg, `CREATE VIEW mine AS SELECT * FROM entries`)
	fewer := cfg
	fewer.Tables = cfg.Tables[:1]
	e := open(t, fewer, "ledger", 2)
	wantTableError(t, e.Activate(t.Context()), rows.TableError{Table: "entries", Reason: "view mine depends on"})
	mustExec(t, cfg, `DROP VIEW mine`)
	mustActivate(t, e)
	if got, want := relations(t, cfg), []string{"accounts v", "accounts__g1 r", "accounts__g2 r", "entries__g1 r"}; !slices.Equal(got, want) {
		t.Errorf("there are %v, want %v", got, want)
	}
	mustActivate(t, open(t, cfg, "ledger", 1))
	if got, want := relations(t, cfg), []string{"accounts v", "accounts__g1 r", "accounts__g2 r", "entries v", "entries__g1 r"}; !slices.Equal(got, want) {
		t.Errorf("back again there are %v, want %v", got, want)
	}
	if got := column(t, cfg, `SELECT count(*)::text FROM entries`); !slices.Equal(got, []string{"50"}) {
		t.Errorf("the table that has come back has %v rows, want 50", got)
	}
}

// relations are the tables and views of the schema, but for the bookkeeping.
func relations(t *testing.T, cfg postgres.Config) []string {
	t.Helper()
	return column(t, cfg, `SELECT relname || ' ' || relkind::text FROM pg_class
		WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'v') AND relname NOT LIKE '\_refold%' ORDER BY 1`, cfg.Schema)
}

// What is not retained goes, whatever has left it behind.
func TestRetainDropsAllOthers(t *testing.T) {
	cfg := ledgerConfig(t)
	for generation := uint64(1); generation <= 3; generation++ {
		build(t, open(t, cfg, "ledger", generation), generation)
	}
	newer := open(t, cfg, "ledger", 4)
	third := open(t, cfg, "ledger", 3)
	mustActivate(t, third)
	if err := third.Retain(t.Context(), []uint64{4}); err != nil {
		t.Fatal(err)
	}
	want := []string{"accounts v", "accounts__g3 r", "accounts__g4 r", "entries v", "entries__g3 r", "entries__g4 r"}
	if got := relations(t, cfg); !slices.Equal(got, want) {
		t.Errorf("there are %v, want %v", got, want)
	}
	build(t, newer, 4)
}

// A discarded generation that is begun anew does not let its past write.
func TestEpochsOutliveDiscard(t *testing.T) {
	cfg := ledgerConfig(t)
	open(t, cfg, "ledger", 1)
	zombie := open(t, cfg, "ledger", 2)
	if err := open(t, cfg, "ledger", 2).Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	open(t, cfg, "ledger", 2)
	wantFenced(t, zombie.Execute(t.Context(), batch("ledger", 2, 0, 1)))
}

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
