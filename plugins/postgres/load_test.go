package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/postgres"
)

// Many rows, of which the table has none, some, most or all, are as they are one by
// one; those that it lacks are copied, unless it is not known which those are and asking
// has not paid.
func TestManyRows(t *testing.T) {
	for name, c := range map[string]struct {
		reopened   bool // behind the first batch: then nobody knows which rows there are
		statements []string
	}{
		"since the table was empty": {false, []string{"COPY", "COPY", "INSE", "INSE", "COPY", "INSE", "COPY"}},
		"opened anew":               {true, []string{"COPY", "COPY", "INSE", "INSE", "INSE", "INSE"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := ledgerConfig(t)
			e := open(t, cfg, "ledger", 1)
			mustExec(t, cfg, `CREATE TABLE heard (nth serial, statement text)`,
				`CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO heard (statement) VALUES (left(current_query(), 4)); RETURN NULL; END $$`,
				`CREATE TRIGGER hear BEFORE INSERT ON accounts__g1 FOR EACH STATEMENT EXECUTE FUNCTION hear()`)
			want := map[string]string{}
			for n, part := range [][2]int{{0, 2000}, {1500, 3500}, {0, 3400}, {3000, 5000}, {5000, 7000}} {
				if n == 1 && c.reopened {
					e = open(t, cfg, "ledger", 1)
				}
				mustExecute(t, e, batch("ledger", 1, event.Position(n), event.Position(n+1), manyRows(n, part[0], part[1], want)...))
			}
			if diff := cmp.Diff(want, manyStored(t, cfg)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.statements, column(t, cfg, "SELECT statement FROM heard ORDER BY nth")); diff != "" {
				t.Errorf("statements (-want +got):\n%s", diff)
			}
		})
	}
}

// manyRows are the rows of a range, and the first one's end; want becomes what is there
// then.
func manyRows(n, first, end int, want map[string]string) (effects []effect.Effect) {
	for i := first; i < end; i++ {
		id, values := fmt.Sprintf("key %d", i*7919%10007), fmt.Sprintf(`"owner":null,"balance":%d`, n)
		if i%3 == 0 {
			values = `"owner":"é","balance":null`
		}
		row := fmt.Sprintf(`{"id":%q,%s}`, id, values)
		effects = append(effects, insert(event.Position(n+1), "accounts", row))
		effects[len(effects)-1].Ordinal = uint32(len(effects))
		want[id] = row
	}
	gone := fmt.Sprintf("key %d", first*7919%10007)
	effects = append(effects, remove(event.Position(n+1), "accounts", gone))
	effects[len(effects)-1].Ordinal = uint32(len(effects))
	delete(want, gone)
	return effects
}

func manyStored(t *testing.T, cfg postgres.Config) map[string]string {
	got := map[string]string{}
	for id, row := range stored(t, cfg, "accounts") {
		got[id] = strings.NewReplacer(" : ", ":", ", ", ",").Replace(row)
	}
	return got
}

// A row that somebody else has written into a table where it was not expected is
// replaced like any other.
func TestStrangersRowAmongMany(t *testing.T) {
	cfg := ledgerConfig(t)
	e := open(t, cfg, "ledger", 1)
	mustExec(t, cfg, `INSERT INTO accounts__g1 (id, owner) VALUES ('key 7919', 'somebody')`)
	want := map[string]string{}
	for n := range 2 {
		mustExecute(t, e, batch("ledger", 1, event.Position(n), event.Position(n+1), manyRows(n, 0, 600, want)...))
	}
	if diff := cmp.Diff(want, manyStored(t, cfg)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// A row that is refused while many are copied is found as it is otherwise.
func TestRefusedAmongMany(t *testing.T) {
	cfg := ledgerConfig(t)
	e := open(t, cfg, "ledger", 1)
	mustExec(t, cfg,
		`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.balance = 600 THEN RAISE EXCEPTION 'no more'; END IF; RETURN NEW; END $$`,
		`CREATE TRIGGER refuse BEFORE INSERT ON accounts__g1 FOR EACH ROW EXECUTE FUNCTION refuse()`)
	var effects []effect.Effect
	for i := range event.Position(700) {
		effects = append(effects, insert(i+1, "accounts", fmt.Sprintf(`{"id":"%d","balance":%d}`, i, i)))
	}
	wantRowError(t, e.Execute(t.Context(), batch("ledger", 1, 0, 700, effects...)), 601, 0, "no more")
	mustExecute(t, e, batch("ledger", 1, 0, 600, effects[:600]...))
	if got := len(stored(t, cfg, "accounts")); got != 600 {
		t.Errorf("%d rows, want 600", got)
	}
	mustExec(t, cfg, `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`)
	err := e.Execute(t.Context(), batch("ledger", 1, 600, 1300, renumbered(effects, 600)...))
	if err == nil || !strings.Contains(err.Error(), "of 700 rows the database has taken 0") {
		t.Errorf("got error %v, want one about rows that are not there", err)
	}
}

// renumbered is the same about others.
func renumbered(effects []effect.Effect, by event.Position) (list []effect.Effect) {
	for _, f := range effects {
		list = append(list, insert(f.Cause+by, "accounts", fmt.Sprintf(`{"id":"%d"}`, f.Cause+10_000)))
	}
	return list
}
