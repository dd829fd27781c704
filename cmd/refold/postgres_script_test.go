package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/refold-dev/refold/plugins/postgres/cluster"
	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
)

// hasPostgres reports whether scripts can have a server. In CI they must.
func hasPostgres() (bool, error) {
	_, err := postgrestest.Shared(context.Background())
	var missing *cluster.MissingError
	if errors.As(err, &missing) && os.Getenv("CI") == "" {
		fmt.Fprintln(os.Stderr, "SKIPPED:", err)
		return false, nil
	}
	return err == nil, err
}

// postgresDatabase makes an empty database and sets variables to its URL: that by the
// socket, and that with a password. postgres SOCKET_URL TCP_URL
func postgresDatabase(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: postgres SOCKET_URL TCP_URL")
	}
	ctx := context.Background()
	url, drop, err := postgrestest.NewDatabase(ctx)
	ts.Check(err)
	ts.Defer(func() { ts.Check(drop()) })
	server, err := postgrestest.Shared(ctx)
	ts.Check(err)
	config, err := pgx.ParseConfig(url)
	ts.Check(err)
	ts.Setenv(args[0], url)
	ts.Setenv(args[1], server.TCP(config.Database))
}

// sqlRows prints the rows of a query in PostgreSQL, one a line: sql URL SQL
func sqlRows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql URL SQL")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, args[0])
	ts.Check(err)
	defer conn.Close(ctx)
	found, err := conn.Query(ctx, args[1])
	ts.Check(err)
	for found.Next() {
		values, err := found.Values()
		ts.Check(err)
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = fmt.Sprint(v)
		}
		fmt.Fprintln(ts.Stdout(), strings.Join(texts, " "))
	}
	ts.Check(found.Err())
}
