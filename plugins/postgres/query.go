package postgres

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/valyala/fastjson"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/rows"
)

var syntax = rows.Syntax{Number: "$", Dollars: true}

// queryPatience is how much longer than its timeout a query may take to tell of it.
const queryPatience = 5 * time.Second

// errSuperuser refuses what a query could do then.
var errSuperuser = errors.New("queries are not answered as a superuser, who can read the server's files; give the executor a role of its own")

// CanAnswer reports whether Query effects are answered.
func (e *Executor) CanAnswer() bool { return e.queries != nil }

// Query answers a Query effect from what is committed, in a transaction that can
// only read: rows.Ask says how its text names parameters. Errors are
// [*rows.RowError], [*claim.FencedError], [claim.ErrClosed], that of ctx, an
// [effect.RetryError] for what passes, or those of the database.
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
	answer, reason, err := e.answer(ctx, question)
	if reason != "" {
		return nil, rows.Condemn(&q, "%s", reason)
	}
	var refusal *pgconn.PgError
	switch {
	case err == nil || ctx.Err() != nil:
		return answer, err
	case errors.As(err, &refusal) && refusal.Code == canceled:
		return nil, rows.Condemn(&q, "takes longer than %s", e.queries.Timeout)
	case errors.As(err, &refusal) && (refusal.Code == readOnly || !isOneOf(refusal.Code, passing)):
		return nil, e.refused(ctx, rows.Condemn(&q, "is refused: %s (SQLSTATE %s)", refusal.Message, refusal.Code))
	}
	return nil, fmt.Errorf("query: %w", err)
}

// refused is why a query is refused: tables that are another executor's by now, or
// gone with their generation, are no fault of its own.
func (e *Executor) refused(ctx context.Context, blame error) error {
	err := e.ready(ctx)
	if err == nil {
		err = e.session.within(ctx, e.holdFence)
	}
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	return blame
}

// canceled is what the server says of a statement that takes too long.
const canceled = "57014"

// answer asks on a connection of its own, so that no setting of a query's is one of
// the writer's.
func (e *Executor) answer(ctx context.Context, q rows.Question) (answer json.RawMessage, reason string, err error) {
	if e.reader == nil {
		config := e.session.config.Copy()
		config.MaxProtocolMessageBodyLen = e.queries.Bytes + 1<<16
		e.reader = &session{config: config, lock: e.session.lock, schema: e.session.schema}
	}
	if _, err := e.reader.connected(ctx); err != nil {
		return nil, "", err
	}
	if e.reader.isSuperuser() { // the role has become one
		return nil, "", errSuperuser
	}
	limited, cancel := context.WithTimeout(ctx, e.queries.Timeout+queryPatience)
	defer cancel()
	answer, reason, err = e.reader.ask(limited, q.Within(e.stored(), *e.queries), q.Parameters, *e.queries)
	if errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		reason = fmt.Sprintf("takes longer than %s", e.queries.Timeout)
	}
	return answer, reason, err
}

func (s *session) isSuperuser() bool { return s.conn.PgConn().ParameterStatus("is_superuser") == "on" }

// stored are the generation's own tables by their declared names.
func (e *Executor) stored() map[string]string {
	tables := map[string]string{}
	for _, t := range e.tables {
		tables[t.Table.Name] = t.stored
	}
	return tables
}

// ask runs a text that selects, in a transaction that only reads.
func (s *session) ask(ctx context.Context, text string, parameters []rows.Parameter, bounds rows.Queries) (answer json.RawMessage, reason string, err error) {
	_, err = s.conn.Exec(ctx, fmt.Sprintf("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL statement_timeout = %d", max(bounds.Timeout.Milliseconds(), 1)))
	if err == nil {
		found := s.conn.PgConn().ExecParams(ctx, text, arguments(parameters), nil, nil, nil)
		answer, reason, err = read(found, bounds)
		if reason != "" { // the rest of the rows is not worth the wait
			return nil, reason, s.close(ctx)
		}
	}
	var large *pgproto3.ExceededMaxBodyLenErr
	if errors.As(err, &large) {
		return nil, fmt.Sprintf("has an answer of more than %d bytes", bounds.Bytes), s.close(ctx)
	}
	return answer, "", s.explain(ctx, s.undo(ctx, err))
}

// arguments are parameters as text, whose types the server takes from where they
// stand.
func arguments(parameters []rows.Parameter) [][]byte {
	args := make([][]byte, len(parameters))
	for i, p := range parameters {
		if p.Type != fastjson.TypeNull {
			args[i] = []byte(p.Text)
		}
	}
	return args
}

// read makes an answer of the rows, or says what bound they pass.
func read(found *pgconn.ResultReader, bounds rows.Queries) (answer json.RawMessage, reason string, err error) {
	fields := found.FieldDescriptions()
	names, values := make([]string, len(fields)), make([]any, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	a, reason := rows.NewAnswer(names, bounds)
	for reason == "" && found.NextRow() {
		for i, text := range found.Values() {
			values[i] = valueOf(fields[i].DataTypeOID, text)
		}
		reason = a.Add(values)
	}
	if reason != "" {
		return nil, reason, nil
	}
	if _, err := found.Close(); err != nil {
		return nil, "", err
	}
	return a.JSON(), "", nil
}

// valueOf is a value from its text. It is what the executor for SQLite gives, where
// that has such a type; what JSON has no form for is the text.
func valueOf(oid uint32, text []byte) any {
	switch {
	case text == nil:
		return nil
	case oid == pgtype.BoolOID:
		return string(text) == "t"
	case isNumber(oid) && json.Valid(text):
		return json.RawMessage(append([]byte(nil), text...))
	case (oid == pgtype.JSONOID || oid == pgtype.JSONBOID) && json.Valid(text):
		return json.RawMessage(append([]byte(nil), text...))
	case oid == pgtype.ByteaOID:
		if blob, err := hex.DecodeString(strings.TrimPrefix(string(text), `\x`)); err == nil {
			return blob
		}
	case oid == pgtype.TimestamptzOID:
		return timeText(string(text))
	}
	return string(text)
}

func isNumber(oid uint32) bool {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID:
		return true
	}
	return false
}

// timeText is a time in the form that SQLite's executor holds; what is out of its
// years stays as the server writes it.
func timeText(text string) string {
	year0, isBC := strings.CutSuffix(text, " BC")
	at, err := time.Parse("2006-01-02 15:04:05.999999-07", year0)
	if err != nil || isBC && at.Year() != 1 {
		return text
	}
	if isBC { // the year before 1 is 0
		return "0000" + at.UTC().Format("-01-02T15:04:05.000000000Z")
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000000Z")
}
