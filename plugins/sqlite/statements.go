package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/refold-dev/refold/plugins/rows"
)

const (
	// maxPatches bounds how many prepared updates a table keeps: which columns
	// they set is up to the projection.
	maxPatches = 64
	// maxTogether and maxTogetherValues bound how many rows one statement puts. Half
	// of what a statement for each costs is its beginning and end.
	maxTogether       = 32
	maxTogetherValues = 1024
)

// statements are a table's prepared statements, made when first needed. They are the
// driver's own, and for whoever holds its connection: through database/sql a row
// would cost more.
type statements struct {
	put, remove driver.Stmt
	putMany     driver.Stmt // for as many rows as go together
	// patches are by the columns they set: a byte per column, 1 if it is set.
	patches map[string]driver.Stmt
	shape   []byte
	args    []driver.NamedValue
	puts    []*rows.Write
}

// flush performs the writes of the batch: what puts whole rows last, and many of
// them in a statement. Each of the two goes in the order of the key, so that a page of
// its index is looked for and written once.
func (t *table) flush(ctx context.Context, conn driver.ConnPrepareContext) error {
	t.SortByKey()
	c := &t.statements
	defer func() { clear(c.puts) }()
	c.puts = c.puts[:0]
	for _, w := range t.List {
		if w.Operation == rows.Put {
			c.puts = append(c.puts, w)
		} else if err := t.perform(ctx, conn, w); err != nil {
			return err
		}
	}
	puts, many := c.puts, t.together()
	for ; len(puts) >= many; puts = puts[many:] {
		if err := t.perform(ctx, conn, puts[:many]...); err != nil {
			return err
		}
	}
	for i := range puts {
		if err := t.perform(ctx, conn, puts[i]); err != nil {
			return err
		}
	}
	return nil
}

// together is how many rows a statement puts.
func (t *table) together() int {
	return max(1, min(maxTogether, maxTogetherValues/len(t.Table.Columns)))
}

// perform performs one write, or some that put rows, with one statement.
func (t *table) perform(ctx context.Context, conn driver.ConnPrepareContext, writes ...*rows.Write) error {
	stmt, err := t.statementFor(ctx, conn, writes)
	if err != nil || stmt == nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err = stmt.(driver.StmtExecContext).ExecContext(context.WithoutCancel(ctx), t.statements.args)
	return err
}

// statementFor returns the statement for writes, whose arguments it sets, or none if
// there is nothing to do.
func (t *table) statementFor(ctx context.Context, conn driver.ConnPrepareContext, writes []*rows.Write) (stmt driver.Stmt, err error) {
	c := &t.statements
	c.args = c.args[:0]
	switch w := writes[0]; w.Operation {
	case rows.Put:
		for _, w := range writes {
			for _, v := range w.Row {
				c.addArg(v)
			}
		}
		if len(writes) > 1 {
			return t.prepareOnce(ctx, conn, &c.putMany, func() string { return t.putStatement(len(writes)) })
		}
		return t.prepareOnce(ctx, conn, &c.put, func() string { return t.putStatement(1) })
	case rows.Remove:
		t.addKeyArgs(w.Row)
		return t.prepareOnce(ctx, conn, &c.remove, t.removeStatement)
	default:
		return t.patchFor(ctx, conn, w.Row)
	}
}

func (t *table) prepareOnce(ctx context.Context, conn driver.ConnPrepareContext, at *driver.Stmt, text func() string) (driver.Stmt, error) {
	if *at != nil {
		return *at, nil
	}
	stmt, err := conn.PrepareContext(ctx, text())
	if err != nil {
		return nil, err
	}
	*at = stmt
	return stmt, nil
}

func (c *statements) addArg(v any) {
	c.args = append(c.args, driver.NamedValue{Ordinal: len(c.args) + 1, Value: v})
}

// putStatement puts n rows.
func (t *table) putStatement(n int) string {
	var names, sets []string
	for i, c := range t.Table.Columns {
		names = append(names, c.Name)
		if !t.InKey[i] {
			sets = append(sets, fmt.Sprintf("%s = excluded.%[1]s", rows.Quote(c.Name)))
		}
	}
	conflict := "NOTHING"
	if len(sets) > 0 {
		conflict = "UPDATE SET " + strings.Join(sets, ", ")
	}
	row := "(?" + strings.Repeat(", ?", len(names)-1) + ")"
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES %s ON CONFLICT (%s) DO %s",
		rows.Quote(t.stored), rows.QuoteAll(names), row+strings.Repeat(", "+row, n-1), rows.QuoteAll(t.Table.PrimaryKey), conflict)
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

func (t *table) addKeyArgs(r rows.Row) {
	for _, i := range t.Key {
		t.statements.addArg(r[i])
	}
}

// patchFor returns the statement that sets the columns of r that are not unset, and
// sets its arguments; none if r has only its key.
func (t *table) patchFor(ctx context.Context, conn driver.ConnPrepareContext, r rows.Row) (driver.Stmt, error) {
	c := &t.statements
	c.shape = c.shape[:0]
	var names []string
	for i, v := range r {
		set := v != (rows.Unset{}) && !t.InKey[i]
		if !set {
			c.shape = append(c.shape, 0)
			continue
		}
		c.shape = append(c.shape, 1)
		c.addArg(v)
		names = append(names, t.Table.Columns[i].Name)
	}
	if len(names) == 0 {
		return nil, nil
	}
	t.addKeyArgs(r)
	if stmt := c.patches[string(c.shape)]; stmt != nil {
		return stmt, nil
	}
	return t.preparePatch(ctx, conn, names)
}

func (t *table) preparePatch(ctx context.Context, conn driver.ConnPrepareContext, names []string) (driver.Stmt, error) {
	c := &t.statements
	if len(c.patches) >= maxPatches {
		if err := c.closePatches(); err != nil {
			return nil, err
		}
	}
	stmt, err := conn.PrepareContext(ctx, fmt.Sprintf("UPDATE %s SET %s WHERE %s",
		rows.Quote(t.stored), strings.Join(assignments(names), ", "), t.keyCondition()))
	if err != nil {
		return nil, err
	}
	if c.patches == nil {
		c.patches = make(map[string]driver.Stmt)
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
	for _, stmt := range []driver.Stmt{c.put, c.putMany, c.remove} {
		if stmt != nil {
			err = errors.Join(err, stmt.Close())
		}
	}
	c.put, c.putMany, c.remove = nil, nil, nil
	return err
}
