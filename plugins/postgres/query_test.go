package postgres_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
	"github.com/refold-dev/refold/plugins/rows"
)

func query(text, body string) effect.Effect {
	return effect.Effect{Kind: effect.Query, Cause: 1, Name: text, Body: json.RawMessage(body)}
}

func askable(t *testing.T) (*postgres.Executor, postgres.Config) {
	t.Helper()
	cfg := asRole(t, thingsConfig(t))
	cfg.Queries = &rows.Queries{Timeout: 500 * time.Millisecond}
	return open(t, cfg, "things", 1), cfg
}

func wantAnswer(t *testing.T, e *postgres.Executor, text, body, want string) {
	t.Helper()
	if got, err := e.Query(t.Context(), query(text, body)); err != nil || string(got) != want {
		t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
	}
}

// Values have the form that effects write them in, but for numbers that JSON lacks.
func TestAnswersHaveTheFormOfEffects(t *testing.T) {
	e, _ := askable(t)
	mustExecute(t, e, batch("things", 1, 0, 1, insert(1, "things",
		`{"k_text":"a","k_integer":1,"k_boolean":true,"k_blob":"","k_time":"0000-01-01T00:00:00Z","text":"\"é","integer":-7,"real":0.1,"boolean":false,"blob":"AP8=","json":{"b":1.50,"a":[null]},"time":"2024-02-29T23:30:00.123456-01:00"}`)))
	wantAnswer(t, e, `SELECT k_time, text, integer, "real", "boolean", blob, "json", "time" FROM things`, ``,
		`[{"k_time":"0000-01-01T00:00:00.000000000Z","text":"\"é","integer":-7,"real":0.1,"boolean":false,"blob":"AP8=","json":{"b":1.50,"a":[null]},"time":"2024-03-01T00:30:00.123456000Z"}]`)
	wantAnswer(t, e, `SELECT 'NaN'::float8 AS n, 'Infinity'::float8 AS i, 12345678901234567890.10::numeric AS d, '{1,2}'::int[] AS l, 'infinity'::timestamptz AS t`, ``,
		`[{"n":"NaN","i":"Infinity","d":12345678901234567890.10,"l":"{1,2}","t":"infinity"}]`)
}

// What the server's own syntax has of quotes and colons is left alone.
func TestQuerySyntax(t *testing.T) {
	e, _ := askable(t)
	wantAnswer(t, e, `SELECT :a::int + 1 AS n, ':a $1 ;' AS s, $$:a ; ($$ AS d, $t$ $$ :a $t$ AS e, E'\':a;' AS f /* :a /* ; */ ( */ -- :a ;`, `{"a":1}`,
		`[{"n":2,"s":":a $1 ;","d":":a ; (","e":" $$ :a ","f":"':a;"}]`)
}

// A query cannot do more than read, whatever functions it calls.
func TestQueriesOnlyRead(t *testing.T) {
	e, cfg := askable(t)
	mustExec(t, cfg, `CREATE TABLE target (n int)`,
		`CREATE FUNCTION sneak() RETURNS int LANGUAGE sql VOLATILE AS 'INSERT INTO target VALUES (1) RETURNING n'`)
	for _, text := range []string{
		`SELECT sneak() AS n`,
		`SELECT set_config('transaction_read_only', 'off', true) AS s, sneak() AS n`,
		`SELECT set_config('transaction_read_only', 'off', false) AS s`,
		`SELECT nextval('s') AS n`,
		`SELECT pg_read_file('/etc/passwd') AS f`,
		`TABLE target FOR UPDATE`,
		`COPY target TO STDOUT`,
		`EXPLAIN ANALYZE SELECT sneak()`,
		`SELECT pg_sleep(60)`,
		`SELECT 1 AS n, 2 AS n`,
	} {
		answer, err := e.Query(t.Context(), query(text, ``))
		var condemned *rows.RowError
		if !errors.As(err, &condemned) {
			t.Errorf("%s: got %s and error %v, want one that condemns it", text, answer, err)
		}
	}
	if got := column(t, cfg, `SELECT count(*)::text FROM target`); got[0] != "0" {
		t.Errorf("%s rows have been written", got[0])
	}
	mustExecute(t, e, batch("things", 1, 0, 1))
}

func TestQueriesAreNotForSuperusers(t *testing.T) {
	cfg := ledgerConfig(t)
	cfg.Queries = &rows.Queries{}
	if e, err := postgres.Open(t.Context(), cfg, "ledger", 1); err == nil || !strings.Contains(err.Error(), "superuser") {
		t.Errorf("got %v and error %v, want one about the role", e, err)
	}
}

func TestQueriesThatAreNotWanted(t *testing.T) {
	e := open(t, ledgerConfig(t), "ledger", 1)
	if _, err := e.Query(t.Context(), query(`SELECT 1 AS n`, ``)); !errors.Is(err, errors.ErrUnsupported) || e.Handles(effect.Query) {
		t.Errorf("got error %v, and handles: %v", err, e.Handles(effect.Query))
	}
}

// A connection that is lost is made anew by the next query.
func TestQueryConnectionIsLost(t *testing.T) {
	e, _ := askable(t)
	wantAnswer(t, e, `SELECT 1 AS n`, ``, `[{"n":1}]`)
	mustExec(t, postgres.Config{URL: postgrestest.Cluster(t).URL("postgres")},
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'refold things' AND usename = 'app'`)
	_, err := e.Query(t.Context(), query(`SELECT 1 AS n`, ``))
	wantRetry(t, err)
	wantAnswer(t, e, `SELECT 1 AS n`, ``, `[{"n":1}]`)
}
