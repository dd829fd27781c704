package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/refold-dev/refold/plugins/rows"
)

// exchangeViews has the views of the active generation show this one's tables.
//
// First each view, by itself, gets this generation as a second branch, which does
// not show as long as the other one is active. Then one transaction makes this one
// active. So no reader waits for more than one view, and in any snapshot all views
// show the same generation. What is left is for tidy.
func (e *Executor) exchangeViews(ctx context.Context) error {
	if err := e.analyze(ctx); err != nil {
		return err
	}
	if err := e.settleViews(ctx, readersPatience); err != nil {
		return err
	}
	shown, err := e.shown(ctx)
	if err != nil {
		return err
	}
	fits, err := e.offer(ctx, shown)
	if err != nil {
		return err
	}
	if !fits { // then a view has to be made anew, and shows nothing older
		if err := e.outlive(ctx, readersPatience); err != nil {
			return err
		}
	}
	return e.quickly(ctx, readersPatience, func(ctx context.Context) error { return e.turn(ctx, shown) })
}

// showing is the generation that readers see, and its tables by name.
type showing struct {
	generation int64
	tables     map[string]rows.Table
}

// shown is what readers see; nothing before the first generation.
func (e *Executor) shown(ctx context.Context) (s showing, err error) {
	all, err := e.session.generations(ctx, e.claim.Pipeline)
	for _, g := range all {
		if g.active {
			s.generation = g.number
			s.tables, err = e.session.tablesOf(ctx, e.claim.Pipeline, g.number)
		}
	}
	return s, e.session.explain(ctx, err)
}

// offer makes this generation's tables a second branch of the views that can have
// it. It reports whether all can.
func (e *Executor) offer(ctx context.Context, shown showing) (fits bool, err error) {
	fits = true
	for _, t := range e.tables {
		old, own := shown.tables[t.Table.Name]
		if !own {
			continue
		}
		columns, fit, err := e.fitting(ctx, t)
		if err != nil {
			return false, err
		}
		if fits = fits && fit; !fit {
			continue
		}
		err = e.quickly(ctx, readersPatience, func(ctx context.Context) error {
			return e.view(ctx, t.Table.Name, columns, branch{shown.generation, old.Columns}, branch{e.claim.Generation, t.Table.Columns})
		})
		if err != nil {
			return false, err
		}
	}
	return fits, nil
}

// fitting are the columns that a view has with this generation's, if it can.
func (e *Executor) fitting(ctx context.Context, t *table) (columns []string, fits bool, err error) {
	found, err := e.session.columnsOf(ctx, e.session.name(t.Table.Name))
	if err != nil {
		return nil, false, e.session.explain(ctx, err)
	}
	columns, fits = t.columnsLike(found)
	return columns, fits, nil
}

// turn makes this generation the active one. It belongs into a transaction.
func (e *Executor) turn(ctx context.Context, shown showing) error {
	if err := e.session.alone(ctx); err != nil {
		return err
	}
	gone := maps.Clone(shown.tables)
	for _, t := range e.tables {
		delete(gone, t.Table.Name)
		if err := e.turnView(ctx, t, shown); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		if err := e.dropView(ctx, name); err != nil {
			return err
		}
	}
	return e.succeed(ctx)
}

// turnView does to a view what offer could not.
func (e *Executor) turnView(ctx context.Context, t *table, shown showing) error {
	if _, own := shown.tables[t.Table.Name]; !own {
		return e.showTable(ctx, t)
	}
	_, fits, err := e.fitting(ctx, t)
	if err != nil || fits {
		return err
	}
	return e.replaceView(ctx, t)
}

// settleViews makes the views of the active generation show its tables alone, if
// they have shown another one's before. That one has to be out of all snapshots.
func (e *Executor) settleViews(ctx context.Context, patience patience) error {
	left, err := e.session.leftovers(ctx, e.claim.Pipeline)
	if err != nil || len(left) == 0 {
		return e.session.explain(ctx, err)
	}
	if err := e.outlive(ctx, patience); err != nil {
		return err
	}
	return e.showOnlyActive(ctx, patience)
}

func (e *Executor) showOnlyActive(ctx context.Context, patience patience) error {
	shown, err := e.shown(ctx)
	if err != nil {
		return err
	}
	for name, t := range shown.tables {
		found, err := e.session.columnsOf(ctx, e.session.name(name))
		if err != nil {
			return e.session.explain(ctx, err)
		}
		var columns []string
		for _, c := range found {
			columns = append(columns, c.Name)
		}
		err = e.quickly(ctx, patience, func(ctx context.Context) error {
			return e.view(ctx, name, columns, branch{shown.generation, t.Columns})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// withdrawViews takes this generation out of the views that an activation which did
// not come to its end has left it in.
func (e *Executor) withdrawViews(ctx context.Context) error {
	for _, t := range e.tables {
		shows, err := e.session.shows(ctx, e.session.name(t.Table.Name), t.stored)
		if err != nil {
			return e.session.explain(ctx, err)
		}
		if shows && !e.existingTables {
			return e.showOnlyActive(ctx, readersPatience)
		}
	}
	return nil
}

// tidy removes what older generations have left, as far as readers let it. The rest
// takes room and does no harm; the next opening or activation tries again.
func (e *Executor) tidy(ctx context.Context) {
	if !e.existingTables && e.settleViews(ctx, tidyPatience) != nil {
		return
	}
	left, err := e.session.leftovers(ctx, e.claim.Pipeline)
	if err != nil {
		return
	}
	for _, generation := range left {
		err := e.quickly(ctx, tidyPatience, func(ctx context.Context) error { return e.dropTables(ctx, generation) })
		if err != nil {
			return
		}
	}
}

// leftovers are the generations that have tables and no checkpoint any more.
func (s *session) leftovers(ctx context.Context, pipeline string) (left []int64, err error) {
	texts, err := s.column(ctx, `SELECT DISTINCT t.generation::text FROM `+s.name(built)+` t WHERE t.pipeline = $1
		AND NOT EXISTS (SELECT FROM `+s.name(checkpoints)+` c WHERE c.pipeline = t.pipeline AND c.generation = t.generation)`, pipeline)
	if err != nil {
		return nil, fmt.Errorf("look for what is left of older generations: %w", err)
	}
	for _, text := range texts {
		var n int64
		if _, err := fmt.Sscan(text, &n); err != nil {
			return nil, err
		}
		left = append(left, n)
	}
	return left, nil
}
