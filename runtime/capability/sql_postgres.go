package capability

import (
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/refold-dev/refold/sdk/frame"
)

// openPostgres opens what a URL, or a text of names and values, says.
func openPostgres(name, text string, secrets *keeper) (*database, error) {
	config, err := pgx.ParseConfig(text)
	if err != nil { // it may quote the text
		return nil, errors.New("the text is neither a PostgreSQL URL, such as postgres://user@host/database, nor sqlite: and a file")
	}
	secrets.remember("[password of "+name+"]", config.Password)
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "refold"
	}
	return &database{name: name, pool: stdlib.OpenDB(*config), passes: postgresPasses,
		bind: func(s frame.Slot) any { return timeOf(s) }}, nil
}

// postgresPasses knows errors that pass by their SQLSTATE: of the connection,
// conflicts of transactions, too few resources, a server that goes or comes.
func postgresPasses(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		for _, class := range []string{"08", "40", "53", "55P03", "57P0", "58"} {
			if strings.HasPrefix(e.Code, class) {
				return true
			}
		}
		return false
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) || errors.Is(err, net.ErrClosed)
}
