package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// commitPatience is how long a commit may take, whatever becomes of its ctx.
	// After that its outcome is not known until the next connection has looked.
	commitPatience = time.Minute
	// partingPatience is how long the server may take to say that a transaction or a
	// connection has ended.
	partingPatience = 5 * time.Second
)

// session is the one connection through which an executor writes. It may be lost
// at any time.
type session struct {
	config *pgx.ConnConfig
	lock   time.Duration
	// schema is where everything is.
	schema string
	conn   *pgx.Conn // nil before the first; may be closed
}

// connected makes a connection where there is none, and reports whether it has.
func (s *session) connected(ctx context.Context) (anew bool, err error) {
	if s.conn != nil && !s.conn.IsClosed() {
		return false, nil
	}
	conn, schema, err := connect(ctx, s.config, s.schema, s.lock)
	if err != nil {
		return false, err
	}
	s.conn, s.schema = conn, schema
	return true, nil
}

// within runs f in a transaction, and commits if f succeeds and ctx still stands.
func (s *session) within(ctx context.Context, f func(ctx context.Context) error) error {
	return s.withinFrom(ctx, begin(), func(ctx context.Context, _ []int) error { return f(ctx) })
}

// begin is how transactions begin; more may be added to it.
func begin() *pipeline {
	p := new(pipeline)
	p.add("", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", nil, nil)
	return p
}

// withinFrom is within, where the transaction begins with p. f gets how many rows
// each of its statements has changed.
func (s *session) withinFrom(ctx context.Context, p *pipeline, f func(ctx context.Context, changed []int) error) error {
	changed, err := s.run(ctx, p)
	if err == nil {
		err = f(ctx, changed)
	}
	if err == nil {
		err = s.commit(ctx)
	}
	if err != nil {
		err = s.undo(ctx, err)
	}
	return s.explain(ctx, err)
}

// run has the server perform statements, and returns how many rows each has
// changed. After an error none of those behind it has been performed. A trigger
// that makes rows vanish is an error.
func (s *session) run(ctx context.Context, p *pipeline) (changed []int, err error) {
	if len(p.about) == 0 {
		return nil, nil
	}
	results := s.conn.PgConn().ExecBatch(ctx, &p.batch)
	for results.NextResult() {
		tag, err := results.ResultReader().Close()
		if err != nil {
			break // Close has it, too
		}
		changed = append(changed, int(tag.RowsAffected()))
	}
	if err := results.Close(); err != nil {
		return nil, p.failed(len(changed), err)
	}
	for i, n := range changed {
		if p.want[i] < 0 {
			continue
		}
		if err := taken(p.want[i], n); err != nil {
			return nil, p.failed(i, err)
		}
	}
	return changed, nil
}

// taken is an error unless the database has taken all rows.
func taken(rows, n int) error {
	if n == rows {
		return nil
	}
	return fmt.Errorf("of %d rows the database has taken %d, without an error; is there a trigger or a rule?", rows, n)
}

// failed is the error of a statement.
func (p *pipeline) failed(statement int, err error) error {
	if statement < len(p.about) && p.about[statement] != "" {
		return fmt.Errorf("table %s: %w", p.about[statement], err)
	}
	return err
}

// commit looks at ctx before it commits, and not meanwhile.
func (s *session) commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitPatience)
	defer cancel()
	tag, err := s.conn.Exec(ctx, "COMMIT")
	if err == nil && tag.String() != "COMMIT" {
		err = fmt.Errorf("commit: the server answers %s", tag)
	}
	return err
}

// undo ends a transaction that has failed, or else the connection.
func (s *session) undo(ctx context.Context, err error) error {
	if !s.conn.IsClosed() && codeOf(err) != readOnly {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingPatience)
		defer cancel()
		if _, rollback := s.conn.Exec(ctx, "ROLLBACK"); rollback == nil {
			return err
		}
	}
	return errors.Join(err, s.close(ctx))
}

// explain says of an error that passes that it does. What comes of a ctx that is
// done does not.
func (s *session) explain(ctx context.Context, err error) error {
	if err != nil && codeOf(err) == "" && s.conn.IsClosed() {
		err = &lostError{err}
	}
	return explain(ctx, err)
}

// column reads the only column of a query's rows.
func (s *session) column(ctx context.Context, query string, args ...any) ([]string, error) {
	found, err := s.conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowTo[string])
}

// close ends the connection, if there is one, and waits until nothing is left of
// it.
func (s *session) close(ctx context.Context) error {
	if s.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingPatience)
	defer cancel()
	err := s.conn.Close(ctx) // nil if it is lost: whoever lost it knows
	select {
	case <-s.conn.PgConn().CleanupDone():
	case <-ctx.Done():
	}
	return err
}
