package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrURL says that a URL cannot be one of a database. It does not say why: what the
// parsers say of it may have a part of the password in it.
var ErrURL = errors.New("the URL is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE; in user and password write @ as %40, : as %3A, / as %2F, and % as %25")

const (
	connectTimeout = 10 * time.Second
	// oldest is the first major version that has what is used here.
	oldest = 12
)

// parseURL reads the URL of a database. Its error has no part of it.
func parseURL(text, application string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, ErrURL
	}
	config, err := pgx.ParseConfig(text)
	if err != nil {
		return nil, ErrURL
	}
	if isRemote(&config.Config) && !u.Query().Has("sslmode") && os.Getenv("PGSSLMODE") == "" {
		q := u.Query()
		q.Set("sslmode", "verify-full")
		u.RawQuery = q.Encode()
		if config, err = pgx.ParseConfig(u.String()); err != nil {
			return nil, ErrURL
		}
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = application
	}
	config.RuntimeParams["client_encoding"] = "UTF8"
	// Statements are not kept prepared: tables come and go.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return config, nil
}

// isRemote reports whether a host is not this machine.
func isRemote(c *pgconn.Config) bool {
	hosts := []string{c.Host}
	for _, f := range c.Fallbacks {
		hosts = append(hosts, f.Host)
	}
	for _, host := range hosts {
		ip := net.ParseIP(host)
		if !strings.HasPrefix(host, "/") && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return true
		}
	}
	return false
}

// connect makes a connection on which the server behaves as the statements here
// expect it, whatever the role's defaults are, and returns the schema that they are
// about.
func connect(ctx context.Context, config *pgx.ConnConfig, schema string, lock time.Duration) (conn *pgx.Conn, settled string, err error) {
	if conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, "", explain(ctx, connecting(err))
	}
	if err = checkServer(conn.PgConn()); err == nil {
		settled, err = settle(ctx, conn, schema, lock)
	}
	if err != nil {
		return nil, "", errors.Join(explain(ctx, err), conn.Close(context.WithoutCancel(ctx)))
	}
	return conn, settled, nil
}

func checkServer(conn *pgconn.PgConn) error {
	version := conn.ParameterStatus("server_version")
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err == nil && n < oldest {
		return fmt.Errorf("the server is PostgreSQL %s; %d is the oldest that will do", version, oldest)
	}
	if encoding := conn.ParameterStatus("server_encoding"); encoding != "UTF8" {
		return fmt.Errorf("the database has the encoding %s; it has to be UTF8, for all texts to fit", encoding)
	}
	return nil
}

// settle sets what a session depends on. A writer that has stopped in the midst of
// a transaction, such as one whose machine is gone, does not hold its locks for
// ever; a commit is on disk unless the server is set to something that is more.
func settle(ctx context.Context, conn *pgx.Conn, schema string, lock time.Duration) (settled string, err error) {
	var found *string
	err = conn.QueryRow(ctx, `SELECT coalesce(nullif($1::text, ''), current_schema()),
		set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false), set_config('standard_conforming_strings', 'on', false),
		set_config('lock_timeout', $2::text, false), set_config('idle_in_transaction_session_timeout', '60s', false),
		set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false),
		set_config('search_path', concat_ws(', ', quote_ident(nullif($1::text, '')), current_setting('search_path')), false)`,
		schema, fmt.Sprintf("%dms", lock.Milliseconds())).Scan(&found, nil, nil, nil, nil, nil, nil, nil)
	if err != nil {
		return "", fmt.Errorf("set up the session: %w", err)
	}
	if found == nil {
		return "", errors.New("the role's search_path has no schema; name one with schema")
	}
	return *found, nil
}
