// Package postgrestest gives tests a real PostgreSQL server of their own: one for
// all tests of a binary, started by the first that wants it.
//
// A package whose tests want one has
//
//	func TestMain(m *testing.M) { postgrestest.Main(m) }
//
// or calls [Stop] at the end of its own TestMain. Where there can be no server,
// tests are skipped, loudly; where CI is set, they fail.
//
// The server is as one is by default but that it does not flush: it survives the
// crash of its processes, which tests bring about, not that of the machine.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/refold-dev/refold/plugins/postgres/cluster"
)

var (
	mu     sync.Mutex
	shared *cluster.Cluster
	failed error // to start one
	count  atomic.Int64
)

// Main runs the tests, stops the server that they have used, and exits.
func Main(m *testing.M) {
	code := m.Run()
	if err := Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// Stop stops the server, if there is one.
func Stop() error {
	mu.Lock()
	defer mu.Unlock()
	c := shared
	shared = nil
	if c == nil {
		return nil
	}
	return c.Stop()
}

// Shared starts the server that a binary's tests share, or returns it.
func Shared(ctx context.Context) (*cluster.Cluster, error) {
	mu.Lock()
	defer mu.Unlock()
	if shared == nil && failed == nil {
		shared, failed = cluster.Start(ctx, options())
	}
	return shared, failed
}

func options() cluster.Options {
	return cluster.Options{Settings: map[string]string{"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}}
}

// Cluster is the shared server. What a test makes in it other tests find.
func Cluster(t testing.TB) *cluster.Cluster {
	t.Helper()
	c, err := Shared(context.WithoutCancel(t.Context()))
	check(t, err)
	return c
}

// Own starts a server for a test alone, which may restart it.
func Own(t testing.TB) *cluster.Cluster {
	t.Helper()
	c, err := cluster.Start(t.Context(), options())
	check(t, err)
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// check skips a test for which there can be no server.
func check(t testing.TB, err error) {
	t.Helper()
	var missing *cluster.MissingError
	switch {
	case errors.As(err, &missing) && os.Getenv("CI") == "":
		t.Skipf("SKIPPED: %v", err)
	case err != nil:
		t.Fatal(err)
	}
}

// Database makes an empty database in the shared server for a test, and returns
// its URL.
func Database(t testing.TB) (url string) {
	t.Helper()
	url, drop, err := NewDatabase(context.WithoutCancel(t.Context()))
	check(t, err)
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return url
}

// NewDatabase is [Database] where there is no [testing.TB]. The error is a
// [*cluster.MissingError] where there can be no server.
func NewDatabase(ctx context.Context) (url string, drop func() error, err error) {
	c, err := Shared(ctx)
	if err != nil {
		return "", nil, err
	}
	name := fmt.Sprintf("test_%d", count.Add(1))
	if err := exec(ctx, c, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	return c.URL(name), func() error { return exec(ctx, c, "DROP DATABASE "+name+" WITH (FORCE)") }, nil
}

func exec(ctx context.Context, c *cluster.Cluster, statement string) error {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
