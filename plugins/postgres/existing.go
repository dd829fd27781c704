package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/refold-dev/refold/plugins/rows"
)

// createCopy takes a table of the user's into use: the first generation writes into
// it, a later one into a copy of its structure.
func (e *Executor) createCopy(ctx context.Context, t *table) error {
	if err := e.matchExisting(ctx, t); err != nil {
		return err
	}
	name := e.session.name(t.Table.Name)
	if !e.active {
		err := e.session.perform(ctx, fmt.Sprintf("CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING CONSTRAINTS INCLUDING INDEXES)",
			t.stored, name))
		if err != nil {
			return fmt.Errorf("create table %s like %s: %w", t.stored, name, err)
		}
		return nil
	}
	var holds bool
	if err := e.session.conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+name+")").Scan(&holds); err != nil {
		return fmt.Errorf("look into table %s: %w", name, err)
	}
	if holds {
		return &rows.TableError{Table: t.Table.Name, Reason: "holds rows already, which no pipeline has written; a read model begins empty: delete them"}
	}
	return nil
}

// matchExisting holds a table of the user's against its declaration, and refuses
// what would make its rows depend on more than the effects.
func (e *Executor) matchExisting(ctx context.Context, t *table) error {
	name := e.session.name(t.Table.Name)
	columns, err := e.session.columnsOf(ctx, name)
	if err != nil {
		return err
	}
	refuse := func(column, reason string) error {
		if reason == "" {
			return nil
		}
		return &rows.TableError{Table: t.Table.Name, Column: column, Reason: reason}
	}
	if len(columns) == 0 {
		return refuse("", fmt.Sprintf("does not exist in schema %q; your migrations are to create it", e.session.schema))
	}
	if err := refuse(t.unfitColumn(columns)); err != nil {
		return err
	}
	reason, err := e.session.unfitTable(ctx, name)
	if err == nil && reason == "" {
		reason, err = e.session.unfitKey(ctx, name, t.Table.PrimaryKey)
	}
	if err != nil {
		return err
	}
	return refuse("", reason)
}

// unfitColumn is a column that is not what the declaration wants, and why.
func (t *table) unfitColumn(columns []column) (name, reason string) {
	found := make(map[string]column, len(columns))
	for _, c := range columns {
		found[c.Name] = c
	}
	for i, declared := range t.Table.Columns {
		c, ok := found[declared.Name]
		delete(found, declared.Name)
		s := storages[declared.Type]
		switch {
		case !ok:
			return declared.Name, "is declared, but the table has no such column"
		case c.Type != s.name && !slices.Contains(s.instead, c.Type):
			return declared.Name, fmt.Sprintf("is declared as %s, for which the table has to have %s, but it has %s",
				declared.Type, strings.Join(append([]string{s.name}, s.instead...), " or "), c.Type)
		case c.Computed:
			return declared.Name, "is declared, but the table computes it itself"
		case c.Equates && t.InKey[i]:
			return declared.Name, "is part of the primary key, and its collation takes different texts for the same"
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !found[name].Optional {
			return name, "is not declared, and can neither be null nor has a default"
		}
	}
	return "", ""
}

// unfitTable says what a table has that its rows cannot be kept with.
func (s *session) unfitTable(ctx context.Context, name string) (reason string, err error) {
	err = s.conn.QueryRow(ctx, `SELECT CASE
			WHEN c.relkind NOT IN ('r', 'p') THEN 'is no table'
			WHEN c.relpersistence <> 'p' THEN 'is not kept over a crash, but the position is; make it one that is logged'
			WHEN row_security_active(c.oid) THEN 'has row security, which hides rows from the role that is to write them'
			WHEN EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid) THEN 'has rules, which make other statements of those that write it'
			ELSE coalesce((SELECT format('has the foreign key %I, which deletes or changes rows by itself: what a batch ends with would depend on how it is cut', k.conname)
				FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
					AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd')) LIMIT 1), '')
		END FROM pg_class c WHERE c.oid = to_regclass($1)`, name).Scan(&reason)
	if err != nil {
		return "", fmt.Errorf("look at table %s: %w", name, err)
	}
	return reason, nil
}

// unfitKey says in what a table's primary key is not the declared one. The order of
// its columns does not count.
func (s *session) unfitKey(ctx context.Context, name string, declared []string) (reason string, err error) {
	key, err := s.column(ctx, `SELECT a.attname::text FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
		WHERE k.conrelid = to_regclass($1) AND k.contype = 'p' AND NOT k.condeferrable ORDER BY array_position(k.conkey, a.attnum)`, name)
	if err != nil {
		return "", fmt.Errorf("read the primary key of %s: %w", name, err)
	}
	if slices.Equal(slices.Sorted(slices.Values(key)), slices.Sorted(slices.Values(declared))) {
		return "", nil
	}
	if len(key) == 0 {
		return fmt.Sprintf("is declared with the primary key (%s), but has none, or one that is deferrable", rows.QuoteAll(declared)), nil
	}
	return fmt.Sprintf("is declared with the primary key (%s), but has (%s)", rows.QuoteAll(declared), rows.QuoteAll(key)), nil
}

// exchangeRows makes the user's tables hold what this generation's copies hold, and
// drops those, and the generations before. It touches only rows that differ.
func (e *Executor) exchangeRows(ctx context.Context) error {
	return e.session.within(ctx, func(ctx context.Context) error {
		if err := e.holdAlone(ctx); err != nil {
			return err
		}
		for _, t := range slices.Backward(e.tables) {
			if err := e.deleteOthers(ctx, t); err != nil {
				return err
			}
		}
		for _, t := range e.tables {
			if err := e.takeRows(ctx, t); err != nil {
				return err
			}
		}
		if err := e.succeed(ctx); err != nil {
			return err
		}
		return e.dropOlder(ctx)
	})
}

// dropOlder drops and forgets all generations before this one, none of which has rows
// of its own any more.
func (e *Executor) dropOlder(ctx context.Context) error {
	all, err := e.session.generations(ctx, e.claim.Pipeline)
	if err != nil {
		return err
	}
	for _, g := range all {
		if g.number >= e.claim.Generation {
			continue
		}
		if err := e.forget(ctx, g.number); err != nil {
			return err
		}
	}
	return nil
}

func (e *Executor) deleteOthers(ctx context.Context, t *table) error {
	if err := e.matchExisting(ctx, t); err != nil {
		return err
	}
	name := e.session.name(t.Table.Name)
	err := e.session.perform(ctx, fmt.Sprintf("DELETE FROM %s AS t WHERE NOT EXISTS (SELECT FROM %s AS u WHERE %s)", name, t.stored, t.sameKey("t", "u")))
	if err != nil {
		return fmt.Errorf("delete from table %s what is not in %s: %w", name, t.stored, err)
	}
	return nil
}

func (e *Executor) takeRows(ctx context.Context, t *table) error {
	name := e.session.name(t.Table.Name)
	all := make([]int, len(t.Table.Columns))
	for i := range all {
		all[i] = i
	}
	columns := rows.QuoteAll(names(t.Table.Columns))
	statement := fmt.Sprintf("INSERT INTO %s AS t (%s) SELECT %s FROM %s ON CONFLICT (%s) DO %s",
		name, columns, columns, t.stored, rows.QuoteAll(t.Table.PrimaryKey), t.replacement(all))
	if len(t.Table.Columns) > len(t.Key) {
		statement += fmt.Sprintf(" WHERE (%s) IS DISTINCT FROM (%s)", t.comparable("t"), t.comparable("excluded"))
	}
	if err := e.session.perform(ctx, statement); err != nil {
		return fmt.Errorf("take the rows of %s into table %s: %w", t.stored, name, err)
	}
	if err := e.session.perform(ctx, "DROP TABLE "+t.stored); err != nil {
		return fmt.Errorf("drop table %s: %w", t.stored, err)
	}
	return nil
}

// comparable are the columns that are not of the key, in a form that tells all
// values apart: JSON has none of its own.
func (t *table) comparable(of string) string {
	var all []string
	for i, c := range t.Table.Columns {
		if t.InKey[i] {
			continue
		}
		name := of + "." + rows.Quote(c.Name)
		if c.Type == rows.JSON {
			name += "::text"
		}
		all = append(all, name)
	}
	return strings.Join(all, ", ")
}
