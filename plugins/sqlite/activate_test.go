package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/sqlite"
)

const rowsPerGeneration = 50

// build makes a generation whose rows say which generation they are of.
func build(t *testing.T, e *sqlite.Executor, generation uint64) {
	t.Helper()
	var effects []effect.Effect
	for i := range rowsPerGeneration {
		effects = append(effects,
			insert(1, "accounts", fmt.Sprintf(`{"id":"%d","balance":%d}`, i, generation)),
			insert(1, "entries", fmt.Sprintf(`{"account":"a","seq":%d,"amount":%d}`, i, generation)))
	}
	mustExecute(t, e, batch("ledger", generation, 0, 1, effects...))
}

// glance reads both tables in one transaction, as a reader does, and says what
// is wrong with them.
func glance(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var inAccounts, inEntries string
	row := tx.QueryRowContext(ctx, `SELECT count(*) || ' of ' || group_concat(DISTINCT balance) FROM accounts`)
	if err := row.Scan(&inAccounts); err != nil {
		return err
	}
	row = tx.QueryRowContext(ctx, `SELECT count(*) || ' of ' || group_concat(DISTINCT amount) FROM entries`)
	if err := row.Scan(&inEntries); err != nil {
		return err
	}
	var count, generation int
	if n, err := fmt.Sscanf(inAccounts, "%d of %d", &count, &generation); n != 2 || count != rowsPerGeneration ||
		inAccounts != fmt.Sprintf("%d of %d", count, generation) || inEntries != inAccounts {
		return fmt.Errorf("accounts are %s, entries %s: %w", inAccounts, inEntries, err)
	}
	return nil
}

func TestReadersSeeWholeGenerations(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	build(t, open(t, cfg, "ledger", 1), 1)

	// The reader tells of each glance, so that no activation goes unseen.
	db := reader(t, cfg.Path)
	glances := make(chan error)
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() {
		stop()
		for range glances {
		}
	})
	go func() {
		defer close(glances)
		for ctx.Err() == nil {
			glances <- glance(context.Background(), db)
		}
	}()
	look := func() {
		t.Helper()
		for range 3 {
			if err := <-glances; err != nil {
				t.Fatal(err)
			}
		}
	}
	for generation := uint64(2); generation <= 12; generation++ {
		look()
		e := open(t, cfg, "ledger", generation)
		build(t, e, generation)
		look()
		done := make(chan error)
		go func() { done <- e.Activate(context.Background()) }()
		for pending := true; pending; {
			select {
			case err := <-glances:
				if err != nil {
					t.Fatal(err)
				}
			case err := <-done:
				if err != nil {
					t.Fatal(err)
				}
				pending = false
			}
		}
	}
	look()
}

func TestViewsSurviveActivation(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	build(t, open(t, cfg, "ledger", 1), 1)
	mustExec(t, cfg.Path, `CREATE VIEW rich AS SELECT id FROM accounts WHERE balance > 1`)
	e := open(t, cfg, "ledger", 2)
	build(t, e, 2)
	if err := e.Activate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := column(t, cfg.Path, `SELECT count(*) FROM rich`); !slices.Equal(got, []string{"50"}) {
		t.Errorf("the view has %v rows, want 50", got)
	}
}

// What is not retained goes, whatever has left it behind.
func TestRetainDropsAllOthers(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	for generation := uint64(1); generation <= 3; generation++ {
		build(t, open(t, cfg, "ledger", generation), generation)
	}
	newer := open(t, cfg, "ledger", 4)
	third := open(t, cfg, "ledger", 3)
	if err := errors.Join(third.Activate(t.Context()), third.Retain(t.Context(), []uint64{4})); err != nil {
		t.Fatal(err)
	}
	want := []string{"accounts", "accounts__g4", "entries", "entries__g4"}
	got := column(t, cfg.Path, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\_refold%' ESCAPE '\' ORDER BY 1`)
	if !slices.Equal(got, want) {
		t.Errorf("the tables are %v, want %v", got, want)
	}
	build(t, newer, 4)
}

// A discarded generation that is begun anew does not let its past write.
func TestEpochsOutliveDiscard(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	open(t, cfg, "ledger", 1)
	zombie := open(t, cfg, "ledger", 2)
	if err := open(t, cfg, "ledger", 2).Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	open(t, cfg, "ledger", 2)
	var fenced *claim.FencedError
	if err := zombie.Execute(t.Context(), batch("ledger", 2, 0, 1)); !errors.As(err, &fenced) {
		t.Errorf("got error %v, want a FencedError", err)
	}
}
