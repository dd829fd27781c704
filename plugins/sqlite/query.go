package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fastjson"
	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/rows"
)

// reader is a connection that only reads.
type reader struct {
	db   *sql.DB
	conn *sql.Conn
}

var syntax = rows.Syntax{Number: "?", Brackets: true, Backticks: true}

// CanAnswer reports whether Query effects are answered.
func (e *Executor) CanAnswer() bool { return e.queries != nil }

// Query answers a Query effect from what is committed: rows.Ask says how its text
// names parameters. It changes nothing, whatever the text. Errors are
// [*rows.RowError], [*claim.FencedError], [ErrLocked], [claim.ErrClosed], that of ctx,
// or those of the file.
func (e *Executor) Query(ctx context.Context, q effect.Effect) (json.RawMessage, error) {
	switch {
	case e.closed:
		return nil, claim.ErrClosed
	case e.queries == nil:
		return nil, errors.ErrUnsupported
	}
	question, err := rows.Ask(&q, &syntax)
	if err != nil {
		return nil, err
	}
	if err := e.openReader(ctx); err != nil {
		return nil, fmt.Errorf("open the file for a query: %w", explain(err))
	}
	limited, cancel := context.WithTimeout(ctx, e.queries.Timeout)
	defer cancel()
	answer, reason, err := e.reader.answer(limited, question.Within(e.stored(), *e.queries), question.Parameters, *e.queries)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, rows.Condemn(&q, "takes longer than %s", e.queries.Timeout)
	case reason != "":
		return nil, rows.Condemn(&q, "%s", reason)
	case err != nil:
		return nil, e.refused(ctx, refusal(&q, err))
	}
	return answer, nil
}

// refused is why a query is refused: tables that are another executor's by now, or
// gone with their generation, are no fault of its own.
func (e *Executor) refused(ctx context.Context, blame error) error {
	if err := e.session.within(ctx, e.holdFence); err != nil {
		return fmt.Errorf("query: %w", err)
	}
	return blame
}

// stored are the generation's own tables by their declared names.
func (e *Executor) stored() map[string]string {
	tables := map[string]string{}
	for _, t := range e.tables {
		tables[t.Table.Name] = "main." + rows.Quote(t.stored)
	}
	return tables
}

// refusal blames the effect for what is not the file's own trouble.
func refusal(q *effect.Effect, err error) error {
	explained := explain(err)
	var passes *effect.RetryError
	if errors.As(explained, &passes) || errors.Is(explained, ErrDamaged) {
		return fmt.Errorf("query: %w", explained)
	}
	return rows.Condemn(q, "is refused: %v", err)
}

func (e *Executor) openReader(ctx context.Context) error {
	if e.reader != nil {
		return nil
	}
	r, err := openReadOnly(ctx, e.path, e.busy)
	if err != nil {
		return err
	}
	if err := r.confine(e.queries.Bytes); err != nil {
		return errors.Join(err, r.close())
	}
	e.reader = r
	return nil
}

// openReadOnly opens a connection to a file that is there; busy as in Config.
func openReadOnly(ctx context.Context, path string, busy time.Duration) (*reader, error) {
	if busy == 0 {
		busy = defaultBusyTimeout
	}
	name, err := dataSource(path, busy)
	if err != nil {
		return nil, err
	}
	connector, err := sqlitedriver.NewConnector(name + "&mode=ro")
	if err != nil {
		return nil, err
	}
	r := &reader{db: sql.OpenDB(connector)}
	r.db.SetMaxOpenConns(1)
	if r.conn, err = r.db.Conn(ctx); err != nil {
		return nil, errors.Join(err, r.db.Close())
	}
	return r, nil
}

// confine lets the connection do nothing but select, and bounds its values.
func (r *reader) confine(bytes int) error {
	if _, err := sqlitedriver.Limit(r.conn, sqlite3.SQLITE_LIMIT_LENGTH, max(bytes, 1<<16)); err != nil {
		return err
	}
	return r.conn.Raw(func(conn any) error {
		registerer, ok := conn.(sqlitedriver.AuthorizerRegisterer)
		if !ok {
			return errors.New("the driver cannot confine a connection")
		}
		return registerer.RegisterAuthorizer(selecting)
	})
}

// selecting allows reading, and no function that leads out of the file.
func selecting(action sqlitedriver.AuthorizerActionCode, _, name, _, _ string) sqlitedriver.AuthorizerReturnCode {
	switch action {
	case sqlitedriver.AuthSelect, sqlitedriver.AuthRead, sqlitedriver.AuthRecursive:
		return sqlitedriver.AuthorizerOK
	case sqlitedriver.AuthFunction:
		if !strings.EqualFold(name, "load_extension") {
			return sqlitedriver.AuthorizerOK
		}
	}
	return sqlitedriver.AuthorizerDeny
}

// answer reads the rows, or says what bound they pass.
func (r *reader) answer(ctx context.Context, text string, parameters []rows.Parameter, bounds rows.Queries) (answer json.RawMessage, reason string, err error) {
	list, err := r.conn.QueryContext(ctx, text, arguments(parameters)...)
	if err != nil {
		return nil, "", err
	}
	defer list.Close()
	names, err := list.Columns()
	if err != nil {
		return nil, "", err
	}
	a, reason := rows.NewAnswer(names, bounds)
	if reason != "" {
		return nil, reason, nil
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for list.Next() {
		if err := list.Scan(into...); err != nil {
			return nil, "", err
		}
		if reason := a.Add(values); reason != "" {
			return nil, reason, nil
		}
	}
	return a.JSON(), "", list.Err()
}

// arguments are parameters as SQLite takes them: a number that is written as a whole
// one is an integer, if it fits, arrays and objects are their JSON.
func arguments(parameters []rows.Parameter) []any {
	args := make([]any, len(parameters))
	for i, p := range parameters {
		switch p.Type {
		case fastjson.TypeNull:
		case fastjson.TypeTrue, fastjson.TypeFalse:
			args[i] = boolean(p.Type == fastjson.TypeTrue)
		case fastjson.TypeNumber:
			args[i] = number(p.Text)
		default:
			args[i] = p.Text
		}
	}
	return args
}

func number(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	f, _ := strconv.ParseFloat(text, 64) // out of range it is infinite
	return f
}

func (r *reader) close() error { return errors.Join(r.conn.Close(), r.db.Close()) }
