package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
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
// socket, that with a password, and that of a role which is no superuser.
// postgres SOCKET_URL TCP_URL [ROLE_URL]
func postgresDatabase(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: postgres SOCKET_URL TCP_URL [ROLE_URL]")
	}
	ctx := context.Background()
	database, drop, err := postgrestest.NewDatabase(ctx)
	ts.Check(err)
	ts.Defer(func() { ts.Check(drop()) })
	server, err := postgrestest.Shared(ctx)
	ts.Check(err)
	config, err := pgx.ParseConfig(database)
	ts.Check(err)
	ts.Setenv(args[0], database)
	ts.Setenv(args[1], server.TCP(config.Database))
	if len(args) < 3 {
		return
	}
	conn, err := pgx.Connect(ctx, database)
	ts.Check(err)
	defer conn.Close(ctx)
	role := "app_" + config.Database
	_, err = conn.Exec(ctx, fmt.Sprintf("CREATE ROLE %s LOGIN; GRANT CREATE ON DATABASE %s TO %[1]s", role, config.Database))
	ts.Check(err)
	as, err := url.Parse(database)
	ts.Check(err)
	as.User = url.User(role)
	ts.Setenv(args[2], as.String())
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
