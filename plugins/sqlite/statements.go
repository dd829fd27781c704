package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/refold-dev/refold/plugins/rows"
)

// maxPatches bounds how many prepared updates a table keeps: which columns
// they set is up to the projection.
const maxPatches = 64

// statements are a table's prepared statements, made when first needed.
type statements struct {
	put, remove *sql.Stmt
	// patches are by the columns they set: a byte per column, 1 if it is set.
	patches map[string]*sql.Stmt
	shape   []byte
	args    []any
}

// flush performs the writes of the batch.
func (t *table) flush(ctx context.Context, s *session) error {
	for _, w := range t.List {
		stmt, args, err := t.statementFor(ctx, s, w)
		if err != nil {
			return err
		}
		if stmt == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := stmt.ExecContext(context.WithoutCancel(ctx), args...); err != nil {
			return err
		}
	}
	return nil
}

// statementFor returns the statement for w and its arguments, or none if there
// is nothing to do.
func (t *table) statementFor(ctx context.Context, s *session, w *rows.Write) (stmt *sql.Stmt, args []any, err error) {
	switch w.Operation {
	case rows.Put:
		stmt, err = t.prepareOnce(ctx, s, &t.statements.put, t.putStatement)
		return stmt, w.Row, err
	case rows.Remove:
		stmt, err = t.prepareOnce(ctx, s, &t.statements.remove, t.removeStatement)
		return stmt, t.appendKeyArgs(t.statements.args[:0], w.Row), err
	}
	return t.patchFor(ctx, s, w.Row)
}

func (t *table) prepareOnce(ctx context.Context, s *session, at **sql.Stmt, text func() string) (*sql.Stmt, error) {
	if *at != nil {
		return *at, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, text())
	if err != nil {
		return nil, err
	}
	*at = stmt
	return stmt, nil
}

func (t *table) putStatement() string {
	var names, values, sets []string
	for i, c := range t.Table.Columns {
		names = append(names, c.Name)
		values = append(values, "?")
		if !t.InKey[i] {
			sets = append(sets, fmt.Sprintf("%s = excluded.%[1]s", rows.Quote(c.Name)))
		}
	}
	conflict := "NOTHING"
	if len(sets) > 0 {
		conflict = "UPDATE SET " + strings.Join(sets, ", ")
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO %s",
		rows.Quote(t.stored), rows.QuoteAll(names), strings.Join(values, ", "), rows.QuoteAll(t.Table.PrimaryKey), conflict)
}

func (t *table) removeStatement() string {
	return fmt.Sprintf("DELETE FROM %s WHERE %s", rows.Quote(t.stored), t.keyCondition())
}

func (t *table) keyCondition() string {
	return strings.Join(assignments(t.Table.PrimaryKey), " AND ")
}

func assignments(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = rows.Quote(name) + " = ?"
	}
	return all
}

func (t *table) appendKeyArgs(args []any, r rows.Row) []any {
	for _, i := range t.Key {
		args = append(args, r[i])
	}
	t.statements.args = args
	return args
}

// patchFor returns the statement that sets the columns of r that are not
// unset, and its arguments; none if r has only its key.
func (t *table) patchFor(ctx context.Context, s *session, r rows.Row) (*sql.Stmt, []any, error) {
	c := &t.statements
	c.shape, c.args = c.shape[:0], c.args[:0]
	var names []string
	for i, v := range r {
		set := v != (rows.Unset{}) && !t.InKey[i]
		if !set {
			c.shape = append(c.shape, 0)
			continue
		}
		c.shape = append(c.shape, 1)
		c.args = append(c.args, v)
		names = append(names, t.Table.Columns[i].Name)
	}
	if len(names) == 0 {
		return nil, nil, nil
	}
	args := t.appendKeyArgs(c.args, r)
	if stmt := c.patches[string(c.shape)]; stmt != nil {
		return stmt, args, nil
	}
	stmt, err := t.preparePatch(ctx, s, names)
	return stmt, args, err
}

func (t *table) preparePatch(ctx context.Context, s *session, names []string) (*sql.Stmt, error) {
	c := &t.statements
	if len(c.patches) >= maxPatches {
		if err := c.closePatches(); err != nil {
			return nil, err
		}
	}
	stmt, err := s.conn.PrepareContext(ctx, fmt.Sprintf("UPDATE %s SET %s WHERE %s",
		rows.Quote(t.stored), strings.Join(assignments(names), ", "), t.keyCondition()))
	if err != nil {
		return nil, err
	}
	if c.patches == nil {
		c.patches = make(map[string]*sql.Stmt)
	}
	c.patches[string(c.shape)] = stmt
	return stmt, nil
}

func (c *statements) closePatches() error {
	var errs []error
	for _, stmt := range c.patches {
		errs = append(errs, stmt.Close())
	}
	clear(c.patches)
	return errors.Join(errs...)
}

// close finalizes the statements; they are prepared anew when needed.
func (c *statements) close() error {
	err := c.closePatches()
	for _, stmt := range []*sql.Stmt{c.put, c.remove} {
		if stmt != nil {
			err = errors.Join(err, stmt.Close())
		}
	}
	c.put, c.remove = nil, nil
	return err
}
