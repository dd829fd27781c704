package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/rows"
)

func remove(cause event.Position, table, key string) effect.Effect {
	return effect.Effect{Kind: effect.Delete, Cause: cause, Name: table, Key: key}
}

func wantRowError(t *testing.T, err error, cause event.Position, ordinal uint32, reason string) {
	t.Helper()
	var got *rows.RowError
	if !errors.As(err, &got) || got.Position != cause || got.Ordinal != ordinal || !strings.Contains(got.Reason, reason) {
		t.Errorf("got error %v, want one that condemns effect %d of event %d for: %s", err, ordinal, cause, reason)
	}
}

func TestTextWithNULCondemnsItself(t *testing.T) {
	cfg := ledgerConfig(t)
	e := open(t, cfg, "ledger", 1)
	for _, bad := range []effect.Effect{
		insert(2, "accounts", `{"id":"x","owner":"a\u0000b"}`),
		insert(2, "accounts", `{"id":"\u0000"}`),
		remove(2, "accounts", "a\x00"),
		remove(2, "entries", `["\u0000",1]`),
	} {
		wantRowError(t, e.Execute(t.Context(), batch("ledger", 1, 0, 2, insert(1, "accounts", `{"id":"good"}`), bad)), 2, 0, "NUL")
	}
	mustExecute(t, e, batch("ledger", 1, 0, 2, insert(1, "accounts", `{"id":"good"}`)))
}

func TestKeyThatNoIndexHoldsCondemnsItself(t *testing.T) {
	cfg := ledgerConfig(t)
	e := open(t, cfg, "ledger", 1)
	long := func(n int) string { return fmt.Sprintf(`{"id":%q}`, strings.Repeat("é", n/2)) }
	mustExecute(t, e, batch("ledger", 1, 0, 1, insert(1, "accounts", long(2390))))
	wantRowError(t, e.Execute(t.Context(), batch("ledger", 1, 1, 2, insert(2, "accounts", long(2410)))), 2, 0, "of which the database can index")
}

// What the database refuses, for whatever reason of its own, condemns the effect that
// is to blame.
func TestRefusedRow(t *testing.T) {
	cfg := existingConfig(t,
		`CREATE TABLE accounts (id text PRIMARY KEY, owner text UNIQUE, balance smallint CHECK (balance <> 13))`,
		entriesTable,
		`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount = 7 THEN RAISE EXCEPTION 'seven'; END IF; RETURN NEW; END $$`,
		`CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON entries FOR EACH ROW EXECUTE FUNCTION refuse()`,
		`ALTER TABLE entries ADD FOREIGN KEY (account) REFERENCES accounts DEFERRABLE INITIALLY DEFERRED`)
	e := open(t, cfg, "ledger", 1)
	for name, c := range map[string]struct {
		bad    effect.Effect
		reason string
	}{
		"check":            {insert(3, "accounts", `{"id":"x","balance":13}`), "check constraint"},
		"range":            {insert(3, "accounts", `{"id":"x","balance":40000}`), "out of range"},
		"unique":           {insert(3, "accounts", `{"id":"x","owner":"Ann"}`), "unique constraint"},
		"trigger":          {insert(3, "entries", `{"account":"b","seq":1,"amount":7}`), "seven"},
		"deferred foreign": {insert(3, "entries", `{"account":"nobody","seq":1}`), "foreign key"},
	} {
		t.Run(name, func(t *testing.T) {
			good := []effect.Effect{insert(1, "accounts", `{"id":"a","owner":"Ann"}`), insert(2, "accounts", `{"id":"b"}`)}
			last := insert(4, "accounts", `{"id":"c"}`)
			wantRowError(t, e.Execute(t.Context(), batch("ledger", 1, 0, 4, slices.Concat(good, []effect.Effect{c.bad, last})...)), 3, 0, c.reason)
			if got := column(t, cfg, `SELECT id FROM accounts`); len(got) > 0 {
				t.Errorf("there are the rows %v", got)
			}
		})
	}
	mustExecute(t, e, batch("ledger", 1, 0, 4, insert(4, "accounts", `{"id":"c"}`)))
}

// What would do in the order in which it came is done so, if it does not do in bulk.
func TestOrderMatters(t *testing.T) {
	cfg := existingConfig(t,
		`CREATE TABLE accounts (id text PRIMARY KEY, owner text UNIQUE, balance bigint)`, entriesTable)
	e := open(t, cfg, "ledger", 1)
	mustExecute(t, e, batch("ledger", 1, 0, 1, insert(1, "accounts", `{"id":"a","owner":"Ann"}`)))
	mustExecute(t, e, batch("ledger", 1, 1, 3,
		insert(2, "accounts", `{"id":"a","owner":"Bob"}`),
		insert(2, "accounts", `{"id":"b","owner":"Ann"}`),
		insert(3, "accounts", `{"id":"a","owner":null}`),
		insert(3, "accounts", `{"id":"c","owner":"Bob"}`)))
	if got, want := column(t, cfg, `SELECT concat(id, owner) FROM accounts ORDER BY 1`), []string{"a", "bAnn", "cBob"}; !slices.Equal(got, want) {
		t.Errorf("the rows are %v, want %v", got, want)
	}
}

// Rows that somebody's trigger makes vanish are an error, and none is lost silently.
func TestVanishingRows(t *testing.T) {
	cfg := ledgerConfig(t)
	e := open(t, cfg, "ledger", 1)
	mustExec(t, cfg, `CREATE FUNCTION vanish() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
		`CREATE TRIGGER vanish BEFORE INSERT ON accounts__g1 FOR EACH ROW EXECUTE FUNCTION vanish()`)
	err := e.Execute(t.Context(), batch("ledger", 1, 0, 1, insert(1, "accounts", `{"id":"a"}`)))
	if err == nil || !strings.Contains(err.Error(), "of 1 rows the database has taken 0") {
		t.Errorf("got error %v, want one about a row that is not there", err)
	}
	if p, _ := e.Position(); p != 0 {
		t.Errorf("the position is %d", p)
	}
}
