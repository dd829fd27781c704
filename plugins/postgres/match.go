package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/plugins/rows"
)

// matchTables compares the declared tables with those of an existing generation,
// and brings the indexes up to date.
func (e *Executor) matchTables(ctx context.Context) error {
	recorded, err := e.session.tablesOf(ctx, e.claim.Pipeline, e.claim.Generation)
	if err != nil {
		return err
	}
	if err := rows.MatchAll(e.claim.Pipeline, recorded, e.model.Tables); err != nil {
		return err
	}
	for _, t := range e.tables {
		match := e.matchMade
		if e.existingTables {
			match = e.matchExisting
		}
		if err := match(ctx, t); err != nil {
			return err
		}
		if e.existingTables {
			continue
		}
		if err := e.matchIndexes(ctx, t, recorded[t.Table.Name]); err != nil {
			return err
		}
	}
	return nil
}

// matchMade finds out whether the table is still the one that was created, and what
// readers see still that table.
func (e *Executor) matchMade(ctx context.Context, t *table) error {
	found, err := e.session.columnsOf(ctx, t.stored)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return rows.Mismatch(e.claim.Pipeline, t.Table.Name, "", "is missing from the database")
	}
	if !slices.Equal(namesAndTypes(found), t.namesAndTypes()) {
		return rows.Mismatch(e.claim.Pipeline, t.Table.Name, "", "has been altered by another program")
	}
	if !e.active {
		return nil
	}
	shown, err := e.session.shows(ctx, e.session.name(t.Table.Name), t.stored)
	if err == nil && !shown {
		err = rows.Mismatch(e.claim.Pipeline, t.Table.Name, "", "has been dropped or altered by another program: the view of that name does not show it")
	}
	return err
}

// namesAndTypes are the declared columns as the server writes them, sorted.
func (t *table) namesAndTypes() []string {
	var all []string
	for _, c := range t.Table.Columns {
		all = append(all, c.Name+" "+storages[c.Type].name)
	}
	slices.Sort(all)
	return all
}

func namesAndTypes(columns []column) []string {
	var all []string
	for _, c := range columns {
		all = append(all, c.Name+" "+c.Type)
	}
	slices.Sort(all)
	return all
}

// matchIndexes creates and drops what the declaration has gained and lost.
func (e *Executor) matchIndexes(ctx context.Context, t *table, old rows.Table) error {
	gained, lost := rows.IndexChanges(old, t.Table)
	for _, columns := range lost {
		name := e.indexName(t, columns)
		if err := e.session.perform(ctx, "DROP INDEX IF EXISTS "+e.session.name(name)); err != nil {
			return fmt.Errorf("drop index %s: %w", name, err)
		}
	}
	for _, columns := range gained {
		if err := e.createIndex(ctx, t, columns); err != nil {
			return err
		}
	}
	return e.record(ctx, t)
}
