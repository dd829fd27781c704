package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
	"github.com/refold-dev/refold/plugins/rows"
)

func TestConformance(t *testing.T) {
	for name, existing := range map[string]bool{"tables of refold's": false, "existing tables": true} {
		t.Run(name, func(t *testing.T) {
			if existing && testing.Short() {
				t.Skip("short: the suite runs on tables of refold's")
			}
			executortest.Run(t, executortest.Suite{
				Features: executortest.Features{Transactional: true, Rows: true, Schema: true, Generations: true, Keeps: !existing, Queries: true},
				New: func(t *testing.T) executortest.Store {
					cfg := asRole(t, ledgerConfig(t))
					cfg.Queries = &rows.Queries{Timeout: time.Second, Rows: 100, Bytes: 10_000}
					cfg.ExistingTables = existing
					if existing {
						migrate(t, cfg)
					}
					return storeOf(t, cfg)
				},
			})
		})
	}
}

func storeOf(t *testing.T, cfg postgres.Config) executortest.Store {
	cfg.LockTimeout = 100 * time.Millisecond
	return executortest.Store{
		Open:    opener(t.Context(), cfg),
		Rows:    func(t *testing.T, table string) map[string]string { return stored(t, cfg, table) },
		Provoke: failures(cfg),
	}
}

// failures are another program's lock on a table, a row without a table, and a
// trigger that somebody has added, for which a right is missing.
func failures(cfg postgres.Config) map[executortest.Failure]func(*testing.T) executortest.Provoked {
	table := "accounts__g1"
	if cfg.ExistingTables {
		table = "accounts"
	}
	return map[executortest.Failure]func(*testing.T) executortest.Provoked{
		executortest.Retryable: func(t *testing.T) executortest.Provoked {
			conn := connect(t, cfg)
			execOn(t, conn, "BEGIN; LOCK TABLE "+table+" IN SHARE MODE")
			return executortest.Provoked{Mend: func() { execOn(t, conn, "ROLLBACK") }}
		},
		executortest.Poison: func(*testing.T) executortest.Provoked {
			return executortest.Provoked{Effect: effect.Effect{Kind: effect.Insert, Name: "nowhere", Body: []byte(`{}`)}}
		},
		executortest.Fatal: func(t *testing.T) executortest.Provoked {
			mustExec(t, cfg,
				`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'insufficient_privilege'; END $$`,
				`CREATE TRIGGER refuse BEFORE INSERT ON `+table+` EXECUTE FUNCTION refuse()`)
			return executortest.Provoked{Mend: func() { mustExec(t, cfg, "DROP TRIGGER refuse ON "+table) }}
		},
	}
}

// ledgerConfig declares the tables of the conformance suite, in a schema of its own.
func ledgerConfig(t testing.TB) postgres.Config {
	t.Helper()
	to, schema := schemaOf(t)
	return postgres.Config{URL: to, Schema: schema, Tables: ledgerTables()}
}

func ledgerTables() []rows.Table {
	return []rows.Table{
		{
			Name:       "accounts",
			Columns:    []rows.Column{{Name: "id", Type: rows.Text}, {Name: "owner", Type: rows.Text}, {Name: "balance", Type: rows.Integer}},
			PrimaryKey: []string{"id"},
			Indexes:    [][]string{{"owner"}, {"owner", "balance"}},
		},
		{
			Name:       "entries",
			Columns:    []rows.Column{{Name: "account", Type: rows.Text}, {Name: "seq", Type: rows.Integer}, {Name: "amount", Type: rows.Integer}},
			PrimaryKey: []string{"account", "seq"},
		},
	}
}

var makeRole sync.Once

// asRole has a configuration connect as a role that is no superuser, but may create
// schemas.
func asRole(t testing.TB, cfg postgres.Config) postgres.Config {
	t.Helper()
	makeRole.Do(func() {
		mustExec(t, postgres.Config{URL: cfg.URL}, "CREATE ROLE app LOGIN", "GRANT CREATE ON DATABASE postgres TO app")
	})
	u, err := url.Parse(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User("app")
	cfg.URL = u.String()
	return cfg
}

// schemaOf names a schema that is not there yet, and goes away with the test.
var schemas atomic.Int64

func schemaOf(t testing.TB) (to, schema string) {
	t.Helper()
	to = postgrestest.Cluster(t).URL("postgres")
	schema = strings.ToLower(fmt.Sprintf("s%d", schemas.Add(1)))
	t.Cleanup(func() {
		mustExec(t, postgres.Config{URL: to}, "DROP SCHEMA IF EXISTS "+schema+" CASCADE")
	})
	return to, schema
}

// migrate does what a user's migrations do.
func migrate(t testing.TB, cfg postgres.Config) {
	t.Helper()
	mustExec(t, postgres.Config{URL: cfg.URL}, "CREATE SCHEMA "+cfg.Schema)
	mustExec(t, cfg,
		"CREATE TABLE accounts (id text PRIMARY KEY, owner varchar, balance bigint)",
		"CREATE TABLE entries (account text, seq integer, amount bigint, noted timestamptz DEFAULT now(), PRIMARY KEY (seq, account))")
}

func open(t *testing.T, cfg postgres.Config, pipeline string, generation uint64) *postgres.Executor {
	t.Helper()
	e, err := postgres.Open(t.Context(), cfg, pipeline, generation)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// connect connects as another program would, to the schema.
func connect(t testing.TB, cfg postgres.Config) *pgx.Conn {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	config, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Schema != "" {
		config.RuntimeParams["search_path"] = cfg.Schema
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(ctx) })
	return conn
}

func execOn(t testing.TB, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func mustExec(t testing.TB, cfg postgres.Config, statements ...string) {
	t.Helper()
	conn := connect(t, cfg)
	execOn(t, conn, statements...)
	if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// column reads a query's first column.
func column(t testing.TB, cfg postgres.Config, query string, args ...any) []string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn := connect(t, cfg)
	found, err := conn.Query(ctx, query, args...)
	var all []string
	if err == nil {
		all, err = pgx.CollectRows(found, pgx.RowTo[string])
	}
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}

// stored reads a table as readers see it: JSON objects by their keys.
func stored(t testing.TB, cfg postgres.Config, table string) map[string]string {
	t.Helper()
	var declared rows.Table
	for _, d := range cfg.Tables {
		if d.Name == table {
			declared = d
		}
	}
	key := `"` + declared.PrimaryKey[0] + `"::text`
	if len(declared.PrimaryKey) > 1 {
		key = `replace(json_build_array(` + rows.QuoteAll(declared.PrimaryKey) + `)::text, ', ', ',')`
	}
	var members []string
	for _, c := range declared.Columns {
		members = append(members, fmt.Sprintf(`'%s', "%[1]s"`, c.Name))
	}
	all := make(map[string]string)
	for _, line := range column(t, cfg, `SELECT json_build_array(`+key+`, json_build_object(`+strings.Join(members, ", ")+`)) FROM "`+table+`"`) {
		var row []json.RawMessage
		var id string
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(row[0], &id); err != nil {
			t.Fatal(err)
		}
		all[id] = string(row[1])
	}
	return all
}

func batch(pipeline string, generation uint64, after, through event.Position, effects ...effect.Effect) effect.Batch {
	return effect.Batch{Pipeline: pipeline, Generation: generation, After: after, Through: through, Effects: effects}
}

func insert(cause event.Position, table, row string) effect.Effect {
	return effect.Effect{Kind: effect.Insert, Cause: cause, Name: table, Body: json.RawMessage(row)}
}

func mustExecute(t *testing.T, e *postgres.Executor, b effect.Batch) {
	t.Helper()
	if err := e.Execute(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}
