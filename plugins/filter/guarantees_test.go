package filter_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/collect"
	"github.com/refold-dev/refold/plugins/filter"
	"github.com/refold-dev/refold/plugins/log"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

var aboutRows = filter.Rule{Kinds: []effect.Kind{effect.Insert, effect.Update, effect.Delete}}

// TestConformance: a filter keeps what the wrapped executor guarantees, and so
// does a filter before a filter.
func TestConformance(t *testing.T) {
	filters := map[string][]filter.Rule{"two": {{Level: effect.Error}, aboutRows}}
	if !testing.Short() {
		filters["one"], filters["one that lets everything through"] = []filter.Rule{aboutRows}, []filter.Rule{{}}
	}
	for name, rules := range filters {
		t.Run("sqlite/"+name, func(t *testing.T) { executortest.Run(t, sqliteSuite(rules...)) })
	}
	t.Run("log", func(t *testing.T) {
		executortest.Run(t, executortest.Suite{New: func(*testing.T) executortest.Store {
			return executortest.Store{Open: func(string, uint64) (engine.Executor, error) {
				return filter.New(log.New(slog.New(slog.DiscardHandler)), filter.Rule{Level: effect.Warn}), nil
			}}
		}})
	})
	t.Run("collect", func(t *testing.T) {
		executortest.Run(t, executortest.Suite{New: func(*testing.T) executortest.Store {
			collector := collect.New(collect.Options{})
			return executortest.Store{
				Open: func(string, uint64) (engine.Executor, error) {
					return filter.New(collector, filter.Rule{Level: effect.Warn}), nil
				},
				Effect: func(mark string) effect.Effect { return line(1, effect.Warn, mark) },
				Performed: func(*testing.T) (marks []string) {
					for _, f := range collector.Effects() {
						marks = append(marks, string(f.Body))
					}
					return marks
				},
			}
		}})
	})
}

// sqliteSuite is that of a SQLite executor behind filters, the last rule's next
// to it.
func sqliteSuite(rules ...filter.Rule) executortest.Suite {
	return executortest.Suite{
		Features: executortest.Features{Transactional: true, Rows: true, Schema: true, Generations: true, Keeps: true},
		New: func(t *testing.T) executortest.Store {
			cfg := ledger(t)
			return executortest.Store{
				Open: func(pipeline string, generation uint64) (engine.Executor, error) {
					x, err := sqlite.Open(t.Context(), cfg, pipeline, generation)
					if err != nil {
						return nil, err
					}
					var e engine.Executor = x
					for i := len(rules) - 1; i >= 0; i-- {
						e = filter.New(e, rules[i])
					}
					return e, nil
				},
				Rows: func(t *testing.T, table string) map[string]string { return stored(t, cfg.Path, table) },
			}
		},
	}
}

// ledger declares the tables of the conformance suite.
func ledger(t testing.TB) sqlite.Config {
	text := func(name string) rows.Column { return rows.Column{Name: name, Type: rows.Text} }
	number := func(name string) rows.Column { return rows.Column{Name: name, Type: rows.Integer} }
	return sqlite.Config{Path: filepath.Join(t.TempDir(), "read.db"), Tables: []rows.Table{
		{Name: "accounts", Columns: []rows.Column{text("id"), text("owner"), number("balance")}, PrimaryKey: []string{"id"}},
		{Name: "entries", Columns: []rows.Column{text("account"), number("seq"), number("amount")}, PrimaryKey: []string{"account", "seq"}},
	}}
}

// stored reads a table's rows by their keys, as another program would.
func stored(t testing.TB, path, table string) map[string]string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found, err := db.Query(map[string]string{
		"accounts": `SELECT id, json_object('id', id, 'owner', owner, 'balance', balance) FROM accounts`,
		"entries":  `SELECT json_array(account, seq), json_object('account', account, 'seq', seq, 'amount', amount) FROM entries`,
	}[table])
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	all := map[string]string{}
	for found.Next() {
		var key, row string
		if err := found.Scan(&key, &row); err != nil {
			t.Fatal(err)
		}
		all[key] = row
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPositionMovesOverWhatIsDropped: a batch of which nothing is let through is
// committed all the same, and a poisonous effect that is dropped harms nobody.
func TestPositionMovesOverWhatIsDropped(t *testing.T) {
	cfg := ledger(t)
	open := func() *filter.Executor {
		x, err := sqlite.Open(t.Context(), cfg, "ledger", 1)
		if err != nil {
			t.Fatal(err)
		}
		return filter.New(x, filter.Rule{Collections: []string{"accounts"}})
	}
	e := open()
	mustExecute(t, e, batch(0, 4, insert(2, "entries", `{"account":"a","seq":1}`), insert(3, "entries", `{`), insert(4, "nowhere", `[]`)))
	if p, ok := e.Position(); p != 4 || !ok {
		t.Errorf("position %d, %v", p, ok)
	}
	mustExecute(t, e, batch(4, 6, insert(5, "entries", `{}`), insert(6, "accounts", `{"id":"a","balance":6}`)))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open()
	defer e.Close()
	if p, _ := e.Position(); p != 6 {
		t.Errorf("after reopening the position is %d", p)
	}
	if diff := cmp.Diff(map[string]string{"a": `{"id":"a","owner":null,"balance":6}`}, stored(t, cfg.Path, "accounts")); diff != "" {
		t.Error(diff)
	}
	if n := len(stored(t, cfg.Path, "entries")); n != 0 {
		t.Errorf("%d rows of what is dropped", n)
	}
}

// TestFilterIsASelection: for any effects, however they are batched and however
// often a batch comes, what arrives is what a plain selection gives: in order,
// under the same ids. A filter before a filter lets through what both do.
func TestFilterIsASelection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := drawRule(t, "p"), drawRule(t, "q")
		effects := drawEffects(t)
		collector, both := collect.New(collect.Options{}), collect.New(collect.Options{})
		one, two := filter.New(collector, p), filter.New(filter.New(both, q), p)
		var wantOne, wantTwo []string
		for after := event.Position(0); after < lastPosition; {
			through := after + event.Position(rapid.IntRange(1, lastPosition).Draw(t, "events"))
			part := causedBy(effects, after, through)
			for range rapid.IntRange(1, 2).Draw(t, "times") {
				for _, e := range []*filter.Executor{one, two} {
					if err := e.Execute(t.Context(), effect.Batch{Pipeline: "ledger", Generation: 1, After: after, Through: through, Effects: part}); err != nil {
						t.Fatal(err)
					}
				}
				wantOne = append(wantOne, chosen(part, p)...)
				wantTwo = append(wantTwo, chosen(part, p, q)...)
			}
			after = through
		}
		if diff := cmp.Diff(wantOne, ids(collector.Take())); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantTwo, ids(both.Take())); diff != "" {
			t.Fatalf("two filters (-want +got):\n%s", diff)
		}
	})
}

const lastPosition = 6

var collections = []string{"accounts", "entries"}

func drawRule(t *rapid.T, label string) filter.Rule {
	return filter.Rule{
		Kinds:       rapid.SliceOfN(rapid.Map(rapid.IntRange(1, 6), func(k int) effect.Kind { return effect.Kind(k) }), 0, 4).Draw(t, label+" kinds"),
		Level:       effect.Level(rapid.IntRange(0, 3).Draw(t, label+" level")),
		Collections: rapid.SliceOfN(rapid.SampledFrom(collections), 0, 1).Draw(t, label+" collections"),
		Events:      rapid.SliceOfN(rapid.SampledFrom(collections), 0, 1).Draw(t, label+" events"),
	}
}

func drawEffects(t *rapid.T) []effect.Effect {
	var effects []effect.Effect
	for at := event.Position(1); at <= lastPosition; at++ {
		for range rapid.IntRange(0, 4).Draw(t, "effects") {
			effects = append(effects, effect.Effect{
				Kind:  effect.Kind(rapid.IntRange(1, 6).Draw(t, "kind")),
				Level: effect.Level(rapid.IntRange(0, 3).Draw(t, "level")),
				Name:  rapid.SampledFrom(collections).Draw(t, "name"),
				Cause: at,
			})
		}
	}
	return batch(0, lastPosition, effects...).Effects
}

func causedBy(effects []effect.Effect, after, through event.Position) []effect.Effect {
	var part []effect.Effect
	for _, f := range effects {
		if f.Cause > after && f.Cause <= through {
			part = append(part, f)
		}
	}
	return part
}

// chosen are the ids of the effects that all rules let through, by the book.
func chosen(effects []effect.Effect, rules ...filter.Rule) (list []string) {
	for _, f := range effects {
		through := true
		for _, r := range rules {
			kinds, names := map[effect.Kind]bool{}, r.Events
			for _, k := range r.Kinds {
				kinds[k] = true
			}
			if f.Kind <= effect.Delete {
				names = r.Collections
			}
			named := f.Kind <= effect.Delete || f.Kind == effect.EmitEvent
			through = through && (len(kinds) == 0 || kinds[f.Kind]) &&
				(f.Kind != effect.Log || f.Level >= r.Level) &&
				(!named || len(names) == 0 || names[0] == f.Name)
		}
		if through {
			list = append(list, fmt.Sprint(f.Kind, effect.ID("ledger", 1, f.Cause, f.Ordinal)))
		}
	}
	return list
}

func ids(collected []collect.Effect) (list []string) {
	for _, f := range collected {
		list = append(list, fmt.Sprint(f.Kind, f.ID()))
	}
	return list
}
