package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/refold-dev/refold/plugins/rows"
)

// branch is a generation's table that a view shows.
type branch struct {
	generation int64
	columns    []rows.Column
}

// showTable makes the view of a table that has none yet.
func (e *Executor) showTable(ctx context.Context, t *table) error {
	if err := e.refuseStranger(ctx, t.Table.Name); err != nil {
		return err
	}
	return e.view(ctx, t.Table.Name, names(t.Table.Columns), branch{e.claim.Generation, t.Table.Columns})
}

func names(columns []rows.Column) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Name
	}
	return all
}

// view makes a view, or has it show something else; what others have built upon it
// stays. It shows the branch of the generation that is active as the reader's
// snapshot has it; a column that this one lacks is null. Of a single branch it shows
// all that there is.
func (e *Executor) view(ctx context.Context, name string, columns []string, branches ...branch) error {
	var selects []string
	for _, b := range branches {
		text := "SELECT " + strings.Join(b.values(columns, branches), ", ") + " FROM " + e.session.name(rows.Built(name, b.generation))
		if len(branches) > 1 {
			text += fmt.Sprintf(" WHERE EXISTS (SELECT FROM %s WHERE pipeline = %s AND generation = %d AND active)",
				e.session.name(checkpoints), quoteText(e.claim.Pipeline), b.generation)
		}
		selects = append(selects, text)
	}
	err := e.session.perform(ctx, "CREATE OR REPLACE VIEW "+e.session.name(name)+" AS "+strings.Join(selects, " UNION ALL "))
	if err != nil {
		return fmt.Errorf("create view %s: %w", name, err)
	}
	return nil
}

// values are the columns by name, or what stands for them.
func (b branch) values(names []string, branches []branch) []string {
	var values []string
	for _, name := range names {
		value := rows.Quote(name)
		if !slices.ContainsFunc(b.columns, func(c rows.Column) bool { return c.Name == name }) {
			value = "NULL::" + typeOf(name, branches) + " AS " + value
		}
		values = append(values, value)
	}
	return values
}

// typeOf is the type that some branch has the column with.
func typeOf(name string, branches []branch) string {
	for _, b := range branches {
		for _, c := range b.columns {
			if c.Name == name {
				return columnType(c.Type)
			}
		}
	}
	return columnType(rows.Text)
}

// quoteText makes a text a literal.
func quoteText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// columnsLike puts the declared columns in the order of those that a view has, with
// new ones behind. They fit if the view can go on with them.
func (t *table) columnsLike(found []column) (ordered []string, fits bool) {
	declared := t.namesAndTypes()
	for _, c := range found {
		if !slices.Contains(declared, c.Name+" "+c.Type) {
			return nil, false
		}
		ordered = append(ordered, c.Name)
	}
	for _, name := range names(t.Table.Columns) {
		if !slices.Contains(ordered, name) {
			ordered = append(ordered, name)
		}
	}
	return ordered, true
}

// replaceView makes a view anew whose columns have changed, with the grants that it
// had.
func (e *Executor) replaceView(ctx context.Context, t *table) error {
	grants, err := e.session.grants(ctx, t.Table.Name)
	if err != nil {
		return err
	}
	if err := e.dropView(ctx, t.Table.Name); err != nil {
		return err
	}
	if err := e.showTable(ctx, t); err != nil {
		return err
	}
	for _, grant := range grants {
		if err := e.session.perform(ctx, grant); err != nil {
			return fmt.Errorf("grant again: %s: %w", grant, err)
		}
	}
	return nil
}

// grants are statements that grant what is granted on a view.
func (s *session) grants(ctx context.Context, view string) ([]string, error) {
	list, err := s.column(ctx, `SELECT format('GRANT %s ON %s TO %s%s', a.privilege_type, $1::text,
			CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
		FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = to_regclass($1) AND a.grantee <> c.relowner`, s.name(view))
	if err != nil {
		return nil, fmt.Errorf("read the grants of view %s: %w", view, err)
	}
	return list, nil
}

// dependents is the server's code for something that others are built upon.
const dependents = "2BP01"

func (e *Executor) dropView(ctx context.Context, name string) error {
	err := e.session.perform(ctx, "DROP VIEW IF EXISTS "+e.session.name(name))
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) && refusal.Code == dependents {
		return &rows.TableError{Table: name, Reason: fmt.Sprintf("has other columns now or is no longer declared, and cannot be replaced: %s; drop that first",
			strings.ReplaceAll(refusal.Detail, "\n", ", "))}
	}
	if err != nil {
		return fmt.Errorf("drop view %s: %w", name, err)
	}
	return nil
}
