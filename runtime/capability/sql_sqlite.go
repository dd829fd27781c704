package capability

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/refold-dev/refold/sdk/frame"
)

// busyTime is how long SQLite waits for another writer.
const busyTime = 5 * time.Second

// openSQLite opens a file, which is created if it is not there.
func openSQLite(name, path string) (*database, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// Made here, for the sake of its mode, which the files beside it take over.
	f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	query := url.Values{"_defensive": {"1"}, "_dqs": {"0"}, "_error_rc": {"1"}, "_txlock": {"immediate"},
		"_busy_timeout": {fmt.Sprint(busyTime.Milliseconds())}}
	source := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(abs), "/"), RawQuery: query.Encode()}
	connector, err := sqlite.NewConnector(source.String())
	if err != nil {
		return nil, err
	}
	return &database{name: name, pool: sql.OpenDB(confined{connector}), passes: sqlitePasses,
		bind: func(s frame.Slot) any { return timeOf(s).Format(time.RFC3339Nano) }}, nil
}

// confined opens connections that reach no other file than their own.
type confined struct{ driver.Connector }

func (c confined) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := conn.(fullConn)
	if !ok {
		return nil, errors.Join(errors.New("the driver cannot confine a connection"), conn.Close())
	}
	if err := whole.RegisterAuthorizer(authorize); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return oneStatement{whole}, nil
}

// authorize denies what leads out of the file, and what changes how it is kept.
// VACUUM attaches a file, too.
func authorize(action sqlite.AuthorizerActionCode, _, name, _, _ string) sqlite.AuthorizerReturnCode {
	switch action {
	case sqlite.AuthAttach, sqlite.AuthDetach, sqlite.AuthPragma, sqlite.AuthCreateVTable, sqlite.AuthDropVTable:
		return sqlite.AuthorizerDeny
	case sqlite.AuthFunction:
		if strings.EqualFold(name, "load_extension") {
			return sqlite.AuthorizerDeny
		}
	}
	return sqlite.AuthorizerOK
}

// fullConn is what a connection of the driver can do.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.SessionResetter
	driver.Validator
	sqlite.AuthorizerRegisterer
}

// oneStatement refuses texts with several statements, which the driver would run one
// after the other. It hides how to run any that is not prepared.
type oneStatement struct{ fullConn }

func (c oneStatement) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	if !isOne(text) {
		return nil, errors.New("the text has several statements")
	}
	return c.fullConn.PrepareContext(ctx, text)
}

func sqlitePasses(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff // without the extended part
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED || code == sqlite3.SQLITE_FULL || code == sqlite3.SQLITE_IOERR ||
		code == sqlite3.SQLITE_CANTOPEN || code == sqlite3.SQLITE_NOMEM
}
