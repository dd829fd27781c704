package soak

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
)

// asking asks, for every third booking of an account, what there was before, and keeps
// the answers. %s is the question.
const asking = `options({ key: "account" });
function book(s, e, amount) {
  s.n++;
  effects.insert("bookings", { n: e.data.n, account: e.data.account, amount: amount });
  if (s.n %% 3 === 0) %s;
  s.total += amount;
}
fromAll().when({
  $init: () => ({ n: 0, total: 0, heard: 0 }),
  deposited(s, e) { book(s, e, e.data.amount); },
  withdrawn(s, e) { book(s, e, -e.data.amount); },
  query_answered(s, e) {
    s.heard++;
    const a = e.data.answer[0];
    effects.insert("answers", { place: e.data.key + " " + s.heard, n: a.n, total: a.total });
  },
});
`

const askingTables = `tables: [{name: bookings, columns: {n: integer, account: text, amount: integer}, primary_key: [n]}, {name: answers, columns: {place: text, n: integer, total: integer}, primary_key: [place]}]`

// TestKilledWhileItAsks kills an engine whose projection asks, PostgreSQL or a process:
// each question has one answer in the log, and that is about the events before it.
func TestKilledWhileItAsks(t *testing.T) {
	for name, c := range map[string]struct{ question, executors string }{
		"PostgreSQL": {
			`effects.query("SELECT count(*) AS n, coalesce(sum(amount), 0)::bigint AS total FROM bookings WHERE account = :account", { account: e.data.account })`,
			"\n      - postgres: {url: '%[1]s', schema: asking, queries: {}, " + askingTables + "}\n",
		},
		"a process": {
			`effects.query("echo", { n: s.n - 1, total: s.total })`,
			"\n      - process: {command: [%[2]s]}\n      - postgres: {url: '%[1]s', schema: asking, " + askingTables + "}\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			database := roleOf(t, postgrestest.Database(t))
			d := enginetest.New(t, fmt.Sprintf("pipelines:\n  - name: asking\n    projection: {wasm: asking.js}\n    executors:"+c.executors, database, oracle))
			if err := os.WriteFile(filepath.Join(filepath.Dir(d.Config), "asking.js"), fmt.Appendf(nil, asking, c.question), 0o600); err != nil {
				t.Fatal(err)
			}
			l := newLog(*events / 20)
			want := answersOf(t, l)
			n := max(*kills/4, 3)
			for i := range n {
				d.Import(l.text(i*len(l.lines)/n, (i+1)*len(l.lines)/n))
				d.Start().KillAfter(time.Duration(random.Int64N(int64(2 * time.Second))))
			}
			e := d.Start()
			e.WaitUntilItRuns()
			d.WaitFor(len(l.lines)+len(want), 1)
			e.Terminate()
			db, err := sql.Open("pgx", database+"&search_path=asking")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			got := query(t, db, `SELECT place || ': ' || n || ' ' || total FROM answers ORDER BY place`)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answers (-want +got):\n%.4000s", diff)
			}
			wantNoOrphans(t)
		})
	}
}

// roleOf is a database by the URL of a role that owns nothing else: queries are refused
// to a superuser.
func roleOf(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := strings.TrimPrefix(u.Path, "/")
	role := "asks_in_" + name
	if _, err := db.ExecContext(t.Context(), fmt.Sprintf("CREATE ROLE %s LOGIN; GRANT CREATE ON DATABASE %s TO %[1]s", role, name)); err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	return u.String()
}

// answersOf is what the questions about a log are answered, in a few lines of Go.
func answersOf(t *testing.T, l *log) []string {
	type tally struct{ n, total, asked int }
	accounts, answers := map[string]*tally{}, map[string]string{}
	for _, line := range l.lines {
		var e struct {
			Type string
			Data struct {
				Account string
				Amount  int
			}
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if e.Type == "withdrawn" {
			e.Data.Amount = -e.Data.Amount
		} else if e.Type != "deposited" {
			continue
		}
		a := accounts[e.Data.Account]
		if a == nil {
			a = &tally{}
			accounts[e.Data.Account] = a
		}
		if (a.n+1)%3 == 0 {
			a.asked++
			answers[fmt.Sprintf("%s %d", e.Data.Account, a.asked)] = fmt.Sprintf("%d %d", a.n, a.total)
		}
		a.n++
		a.total += e.Data.Amount
	}
	var list []string
	for _, place := range slices.Sorted(maps.Keys(answers)) {
		list = append(list, place+": "+answers[place])
	}
	return list
}
