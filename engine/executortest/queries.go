package executortest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
)

// ask returns the answer to a query of an executor.
func ask(t *testing.T, e engine.Executor, text string) (answer string) {
	t.Helper()
	got, err := e.(engine.Querier).Query(t.Context(), question(text, ``))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return string(got)
}

// askedOfItsOwn holds that a generation which is built beside the one that serves
// answers from its own rows, before it serves and then.
func askedOfItsOwn(t *testing.T, b *bench) {
	first := b.open(t, 1)
	execute(t, first, 0, 1, insert(1, "accounts", `{"id":"old"}`))
	second := b.open(t, 2)
	const text = `SELECT id FROM accounts ORDER BY id`
	if got := ask(t, second, text); got != `[]` {
		t.Errorf("empty: got %s", got)
	}
	executeIn(t, second, 2, 0, 1, insert(1, "accounts", `{"id":"new"}`))
	for range 2 {
		if got := ask(t, second, text); got != `[{"id":"new"}]` {
			t.Errorf("got %s", got)
		}
		if err := second.Activate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(t, second, `SELECT a.id FROM accounts AS a WHERE a.id > 'a'`); got != `[{"id":"new"}]` {
		t.Errorf("got %s", got)
	}
}

// fencedQuery holds that a query is not condemned because another generation has taken
// the place of the tables that it asks for.
func fencedQuery(t *testing.T, b *bench) {
	first := b.open(t, 1)
	execute(t, first, 0, 1, insert(1, "accounts", `{"id":"old"}`))
	if err := b.open(t, 2).Activate(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := first.(engine.Querier).Query(t.Context(), question(`SELECT id FROM nowhere`, ``))
	wantFenced(t, err)
}

func question(text, body string) effect.Effect {
	return effect.Effect{Kind: effect.Query, Cause: 7, Ordinal: 3, Name: text, Body: json.RawMessage(body)}
}

// askable is an executor with three accounts that answers queries.
func askable(t *testing.T, b *bench) engine.Querier {
	t.Helper()
	e := b.open(t, 1)
	if q, ok := e.(engine.Querier); !ok || !q.CanAnswer() || !e.Handles(effect.Query) {
		t.Fatal("the executor does not answer Query effects")
	}
	execute(t, e, 0, 1,
		insert(1, "accounts", `{"id":"a","owner":"Ann","balance":1}`),
		insert(1, "accounts", `{"id":"b","owner":"it's \"B\" é","balance":9223372036854775807}`),
		insert(1, "accounts", `{"id":"c","balance":-3}`))
	return e.(engine.Querier)
}

func answered(t *testing.T, b *bench) {
	e := askable(t, b)
	for _, c := range []struct{ text, body, want string }{
		{`SELECT id, balance FROM accounts WHERE balance >= :least ORDER BY id`, `{"least":1}`, `[{"id":"a","balance":1},{"id":"b","balance":9223372036854775807}]`},
		{`SELECT id FROM accounts WHERE balance > $2 AND owner = $1`, `["Ann",0]`, `[{"id":"a"}]`},
		{`SELECT owner FROM accounts WHERE id = :id OR id = :id`, `{"id":"b"}`, `[{"owner":"it's \"B\" é"}]`},
		{`SELECT owner FROM accounts WHERE id = 'c'`, ``, `[{"owner":null}]`},
		{`SELECT id FROM accounts WHERE id = ':id' -- :id`, `null`, `[]`},
		{`SELECT count(*) AS n FROM accounts WHERE owner = :owner;`, `{"owner":"x' OR '1'='1"}`, `[{"n":0}]`},
		{`WITH rich AS (SELECT id FROM accounts WHERE balance > 1) SELECT id FROM rich`, `{}`, `[{"id":"b"}]`},
	} {
		got, err := e.Query(t.Context(), question(c.text, c.body))
		if err != nil {
			t.Errorf("%s with %s: %v", c.text, c.body, err)
			continue
		}
		if diff := cmp.Diff(decoded(t, c.want), decoded(t, string(got))); diff != "" {
			t.Errorf("%s with %s (-want +got):\n%s", c.text, c.body, diff)
		}
	}
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// harmlessQueries holds that a query changes nothing, whatever its text is, and that
// one which cannot be answered condemns itself.
func harmlessQueries(t *testing.T, b *bench) {
	e := askable(t, b)
	before := b.store.Rows(t, "accounts")
	for _, c := range []struct{ text, body string }{
		{``, ``},
		{`SELECT FROM WHERE`, ``},
		{`SELECT 1 AS n FROM nowhere`, ``},
		{`DELETE FROM accounts`, ``},
		{`DELETE FROM accounts RETURNING id`, ``},
		{`UPDATE accounts SET balance = 0`, ``},
		{`DROP TABLE accounts`, ``},
		{`WITH gone AS (DELETE FROM accounts RETURNING id) SELECT id FROM gone`, ``},
		{`SELECT 1 AS n; DELETE FROM accounts`, ``},
		{`SELECT 1 AS n) AS q; DELETE FROM accounts; SELECT * FROM (SELECT 1 AS n`, ``},
		{`SELECT 1 AS n) UNION SELECT * FROM (SELECT 2 AS n`, ``},
		{`COMMIT`, ``},
		{"SELECT 1 AS n\x00", ``},
		{`SELECT :a AS n`, ``},
		{`SELECT :a AS n`, `[1]`},
		{`SELECT $1 AS n`, `{"a":1}`},
		{`SELECT 1 AS n`, `{"unused":1}`},
		{`SELECT :a AS n`, `{"a":1,"a":2}`},
		{`SELECT 1 AS n`, `"text"`},
		{`SELECT 1 AS n`, `{`},
	} {
		answer, err := e.Query(t.Context(), question(c.text, c.body))
		if cause, ordinal, ok := poisoned(err); !ok || cause != 7 || ordinal != 3 {
			t.Errorf("%q with %s: got %s and error %v, want one that condemns it", c.text, c.body, answer, err)
		}
	}
	b.wantRows(t, "accounts", before)
	if _, err := e.Query(t.Context(), question(`SELECT id FROM accounts`, ``)); err != nil {
		t.Errorf("a query after all those: %v", err)
	}
}

// boundedQueries holds answers to the store's bounds of queries: 100 rows, and 10,000
// bytes.
func boundedQueries(t *testing.T, b *bench) {
	e := askable(t, b)
	const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %LAST) SELECT i, '%PAD' AS pad FROM n`
	for _, c := range []struct {
		last, pad string
		ok        bool
	}{
		{"100", "", true}, {"101", "", false}, {"1000000000", "", false},
		{"50", strings.Repeat("x", 100), true}, {"100", strings.Repeat("x", 100), false}, {"1", strings.Repeat("x", 200_000), false},
	} {
		text := strings.NewReplacer("%LAST", c.last, "%PAD", c.pad).Replace(numbers)
		_, err := e.Query(t.Context(), question(text, ``))
		if _, _, condemned := poisoned(err); condemned == c.ok || c.ok && err != nil {
			t.Errorf("%s rows of %d characters: got error %v", c.last, len(c.pad), err)
		}
	}
	endless := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT (i + 1) % 1000 FROM n) SELECT max(i) AS m FROM n`
	if _, err := e.Query(t.Context(), question(endless, ``)); err == nil {
		t.Error("a query without an end has been answered")
	} else if _, _, condemned := poisoned(err); !condemned {
		t.Errorf("a query without an end gives %v", err)
	}
	if _, err := e.Query(t.Context(), question(`SELECT id FROM accounts`, ``)); err != nil {
		t.Errorf("a query after those: %v", err)
	}
}
