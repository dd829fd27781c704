package capability

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

const (
	maxRows       = 10_000
	maxRowsBytes  = frame.MaxMessage - 1<<16
	maxStatements = 1000
	maxParameters = 10_000
	idleTime      = time.Minute
)

// database is a connection that has been granted.
type database struct {
	name string
	pool *sql.DB
	// passes reports whether an error is one that passes: the database is busy, or
	// away.
	passes func(error) bool
	// bind makes a driver's value of a parameter that is not plain.
	bind func(frame.Slot) any
}

// databases are those of an executor, by name.
type databases map[string]*database

func openDatabases(granted map[string]Database, secrets *keeper) (databases, error) {
	all := databases{}
	for _, name := range slices.Sorted(maps.Keys(granted)) {
		d, err := openDatabase(name, granted[name], secrets)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("sql: the connection %s: %w", name, err), all.close())
		}
		d.pool.SetMaxOpenConns(1)
		d.pool.SetConnMaxIdleTime(idleTime)
		all[name] = d
	}
	return all, nil
}

// sqliteScheme begins a text that names a SQLite file.
const sqliteScheme = "sqlite:"

func openDatabase(name string, from Database, secrets *keeper) (*database, error) {
	path := from.SQLite
	if path == "" {
		text, err := from.read("the text")
		if err != nil {
			return nil, err
		}
		secrets.remember("[connection "+name+"]", text)
		var isFile bool
		if path, isFile = strings.CutPrefix(text, sqliteScheme); !isFile {
			return openPostgres(name, text, secrets)
		}
	}
	return openSQLite(name, path)
}

func (d databases) close() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(d)) {
		errs = append(errs, d[name].pool.Close())
	}
	return errors.Join(errs...)
}

// of is the connection that a request names.
func (d databases) of(r *reader) (*database, error) {
	name, err := r.text("name of a connection")
	if err != nil {
		return nil, err
	}
	if d[name] == nil {
		return nil, notGranted(manifest.SQL, name, "")
	}
	return d[name], nil
}

// statement is a text and its parameters.
type statement struct {
	text string
	args []any
}

// exec runs statements in one transaction.
func (d databases) exec(ctx context.Context, r *reader) ([]frame.Slot, error) {
	db, err := d.of(r)
	if err != nil {
		return nil, err
	}
	statements, err := db.statements(r)
	if err != nil {
		return nil, err
	}
	tx, err := db.pool.BeginTx(ctx, nil)
	if err != nil {
		return nil, db.failure(err)
	}
	defer tx.Rollback() //nolint:errcheck // of a transaction that is committed, it says that it is over
	var values []frame.Slot
	for _, s := range statements {
		changed, err := run(ctx, tx, s)
		if err != nil {
			return nil, db.failure(err)
		}
		values = append(values, frame.IntSlot(changed))
	}
	if err := tx.Commit(); err != nil {
		return nil, db.failure(err)
	}
	return values, nil
}

// run runs one statement: prepared, since that takes one only.
func run(ctx context.Context, tx *sql.Tx, s statement) (changed int64, err error) {
	prepared, err := tx.PrepareContext(ctx, s.text)
	if err != nil {
		return 0, err
	}
	defer prepared.Close()
	result, err := prepared.ExecContext(ctx, s.args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (d *database) statements(r *reader) (list []statement, err error) {
	for r.more() {
		text, err := d.text(r)
		if err != nil {
			return nil, err
		}
		n, isNumber := r.next().Int64()
		if !isNumber || n < 0 || n > maxParameters || int(n) > r.message.Count()-r.at {
			return nil, fail(badRequest, "%s: value %d is no number of parameters that follow", r.what, r.at-1)
		}
		list = append(list, statement{text, d.args(r, int(n))})
	}
	if len(list) == 0 || len(list) > maxStatements {
		return nil, fail(badRequest, "%s: it takes 1 to %d statements", r.what, maxStatements)
	}
	return list, nil
}

// text is a statement's text, if it can be run by itself.
func (d *database) text(r *reader) (string, error) {
	text, err := r.text("statement")
	if err != nil {
		return "", err
	}
	if err := checkStatement(text); err != nil {
		return "", fail(badRequest, "%s: %s: %w", r.what, d.name, err)
	}
	return text, nil
}

func (d *database) args(r *reader, n int) []any {
	args := make([]any, n)
	for i := range args {
		args[i] = d.value(r.next())
	}
	return args
}

// value is what a parameter is bound as.
func (d *database) value(s frame.Slot) any {
	b, _ := s.Bytes()
	switch s.Kind {
	case frame.Bool:
		v, _ := s.Bool()
		return v
	case frame.Int64:
		v, _ := s.Int64()
		return v
	case frame.Float64:
		v, _ := s.Float64()
		return v
	case frame.String, frame.JSON:
		return string(b)
	case frame.Bytes:
		return append([]byte{}, b...)
	case frame.UUID:
		return uuid.UUID(b).String()
	case frame.Time:
		return d.bind(s)
	}
	return nil
}

func timeOf(s frame.Slot) time.Time {
	nanoseconds, _ := s.Time()
	return time.Unix(0, nanoseconds).UTC()
}

// query runs a statement that returns rows.
func (d databases) query(ctx context.Context, r *reader) ([]frame.Slot, error) {
	db, err := d.of(r)
	if err != nil {
		return nil, err
	}
	text, err := db.text(r)
	if err != nil {
		return nil, err
	}
	n := r.message.Count() - r.at
	if n > maxParameters {
		return nil, fail(badRequest, "%s: it has %d parameters, more than %d", r.what, n, maxParameters)
	}
	args := db.args(r, n)
	prepared, err := db.pool.PrepareContext(ctx, text)
	if err != nil {
		return nil, db.failure(err)
	}
	defer prepared.Close()
	rows, err := prepared.QueryContext(ctx, args...)
	if err != nil {
		return nil, db.failure(err)
	}
	defer rows.Close()
	return db.rows(rows)
}

// rows are the columns' names and the rows' values.
func (d *database) rows(rows *sql.Rows) ([]frame.Slot, error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, d.failure(err)
	}
	values := []frame.Slot{frame.IntSlot(int64(len(columns)))}
	for _, name := range columns {
		values = append(values, str(name))
	}
	row, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		into[i] = &row[i]
	}
	size := 0
	for n := 0; rows.Next(); n++ {
		if err := rows.Scan(into...); err != nil {
			return nil, d.failure(err)
		}
		for _, v := range row {
			slot := slotOf(v)
			b, _ := slot.Bytes()
			size += len(b) + 16 // of a slot
			values = append(values, slot)
		}
		if n == maxRows || size > maxRowsBytes {
			return nil, fail(tooLarge, "sql: %s: the query has more than %d rows, or they have more than %d bytes", d.name, maxRows, maxRowsBytes)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, d.failure(err)
	}
	return values, nil
}

// slotOf is a value of a row.
func slotOf(v any) frame.Slot {
	switch v := v.(type) {
	case nil:
		return frame.Slot{}
	case bool:
		return frame.BoolSlot(v)
	case int64:
		return frame.IntSlot(v)
	case float64:
		return frame.FloatSlot(v)
	case []byte:
		return frame.BytesSlot(frame.Bytes, append([]byte{}, v...))
	case string:
		return str(v)
	case time.Time:
		if v.Year() < 1678 || v.Year() > 2261 { // what 64 bits of nanoseconds hold
			return str(v.UTC().Format(time.RFC3339Nano))
		}
		return frame.TimeSlot(v.UnixNano())
	}
	return str(fmt.Sprint(v))
}

// failure says what a database has against a statement.
func (d *database) failure(err error) error {
	c := codeRefused
	if d.passes(err) {
		c = unavailable
	}
	return fail(c, "sql: %s: %w", d.name, err)
}
