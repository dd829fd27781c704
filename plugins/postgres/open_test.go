package postgres_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
	"github.com/refold-dev/refold/plugins/rows"
)

// Of several engines that start on one new schema at the same moment all get in,
// one after the other, and only the last may write.
func TestOpenedAtTheSameMoment(t *testing.T) {
	cfg := ledgerConfig(t)
	executors := make([]*postgres.Executor, 6)
	errs := make([]error, len(executors))
	var wg sync.WaitGroup
	for i := range executors {
		wg.Go(func() { executors[i], errs[i] = postgres.Open(t.Context(), cfg, "ledger", 1) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	wrote := 0
	for _, e := range executors {
		err := e.Execute(t.Context(), batch("ledger", 1, 0, 1, insert(1, "accounts", `{"id":"a"}`)))
		if err == nil {
			wrote++
		} else {
			wantFenced(t, err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	if wrote != 1 {
		t.Errorf("%d executors wrote, want 1", wrote)
	}
}

func TestOpenRefuses(t *testing.T) {
	good := ledgerConfig(t)
	for want, c := range map[string]struct {
		pipeline   string
		generation uint64
		edit       func(*postgres.Config)
	}{
		"is empty: declare at least one table": {"ledger", 1, func(c *postgres.Config) { c.Tables = nil }},
		"the pipeline has no name":             {"", 1, func(*postgres.Config) {}},
		"exceeds 63 bits":                      {"ledger", 1 << 63, func(*postgres.Config) {}},
		"names that are too long":              {"ledger", 1e11, func(*postgres.Config) {}},
		"lock_timeout: is negative":            {"ledger", 1, func(c *postgres.Config) { c.LockTimeout = -1 }},
		"longer than 63 bytes":                 {"ledger", 1, func(c *postgres.Config) { c.Schema = strings.Repeat("x", 64) }},
		"is longer than 40 characters":         {"ledger", 1, func(c *postgres.Config) { c.Tables[0].Name = strings.Repeat("x", 41) }},
		"that the database has itself":         {"ledger", 1, func(c *postgres.Config) { c.Tables[0].Columns[1].Name = "xmin" }},
		"more than 1600 columns":               {"ledger", 1, func(c *postgres.Config) { c.Tables[0].Columns = make([]rows.Column, 1601) }},
		"the URL is not of the form":           {"ledger", 1, func(c *postgres.Config) { c.URL = "host=/tmp" }},
		"does not exist; your migrations":      {"ledger", 1, func(c *postgres.Config) { c.ExistingTables, c.Schema = true, "nowhere" }},
	} {
		cfg := good
		cfg.Tables = ledgerTables()
		c.edit(&cfg)
		e, err := postgres.Open(t.Context(), cfg, c.pipeline, c.generation)
		if err == nil {
			e.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

// No error has the password in it, whatever is wrong with the URL or behind it.
func TestErrorsHaveNoPassword(t *testing.T) {
	const password = "hunter2"
	server, err := url.Parse(postgrestest.Cluster(t).TCP("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	for text, wantRetry := range map[string]bool{
		"postgres://refold:" + password + "@" + server.Host + "/postgres":                          false, // wrong
		"postgres://refold@" + server.Host + "/postgres?password=" + password:                      false,
		"postgres://nobody:" + password + "@" + server.Host + "/postgres":                          false,
		"postgres://refold:" + password + "@" + nobody.Addr().String() + "/postgres":               true,
		"postgres://refold:" + password + "@nowhere.invalid/postgres":                              true,
		"postgres://refold:" + password + "@" + server.Host + "/postgres?sslmode=verify-full":      false,
		"postgres://refold:" + password + "@" + server.Host + "/postgres?sslmode=perhaps":          false,
		"postgres://refold:" + password + "@" + server.Host + "/postgres?pool=x&connect_timeout=x": false,
		"postgres://refold:" + password + "@[::1/postgres":                                         false,
		"postgres://refold:" + password + "@host:port/postgres":                                    false,
		"postgres://refold:hunter2%zz@host/postgres":                                               false,
		"postgres://refold:hun/ter2:" + password + "@host/postgres":                                false,
		"mysql://refold:" + password + "@host/postgres":                                            false,
		"host=127.0.0.1 password=" + password:                                                      false,
		"":                                                                                         false,
	} {
		cfg := postgres.Config{URL: text, Tables: ledgerTables()}
		e, err := postgres.Open(t.Context(), cfg, "ledger", 1)
		if err == nil {
			e.Close()
			t.Errorf("%s: opened", text)
			continue
		}
		if said := fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err)); strings.Contains(said, password) {
			t.Errorf("%s: the error tells the password: %s", text, said)
		}
		var passes *effect.RetryError
		if errors.As(err, &passes) != wantRetry {
			t.Errorf("%s: the error passes: %v, want %v: %v", text, !wantRetry, wantRetry, err)
		}
	}
}
