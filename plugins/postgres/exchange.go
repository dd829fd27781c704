package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

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
// they show another one's beside. That one has to be out of all snapshots.
func (e *Executor) settleViews(ctx context.Context, patience patience) error {
	beside, err := e.session.shownBeside(ctx, e.claim.Pipeline)
	if err != nil || len(beside) == 0 {
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

// withdrawViews takes a generation that is not active out of the views that show it
// beside the active one: it has been that before, or was about to be.
func (e *Executor) withdrawViews(ctx context.Context, generation int64) error {
	if e.existingTables {
		return nil
	}
	beside, err := e.session.shownBeside(ctx, e.claim.Pipeline)
	if err != nil {
		return e.session.explain(ctx, err)
	}
	if !slices.Contains(beside, generation) {
		return nil
	}
	return e.settleViews(ctx, dropPatience)
}

// tidy makes the views show the active generation's tables alone, if readers let it.
// That they show more does no harm; the next opening or activation tries again.
func (e *Executor) tidy(ctx context.Context) {
	if !e.existingTables {
		_ = e.settleViews(ctx, tidyPatience)
	}
}

// shownBeside are the generations whose tables the views show beside those of the
// active one.
func (s *session) shownBeside(ctx context.Context, pipeline string) (beside []int64, err error) {
	texts, err := s.column(ctx, `SELECT DISTINCT t.generation::text FROM `+s.name(built)+` t
		JOIN pg_rewrite r ON r.ev_class = to_regclass(format('%I.%I', $2::text, t.name))
		JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
			AND d.refobjid = to_regclass(format('%I.%I', $2::text, t.name || '__g' || t.generation))
		WHERE t.pipeline = $1 AND NOT EXISTS (SELECT FROM `+s.name(checkpoints)+` c
			WHERE c.pipeline = t.pipeline AND c.generation = t.generation AND c.active)`, pipeline, s.schema)
	if err != nil {
		return nil, fmt.Errorf("look for what views show beside the active generation: %w", err)
	}
	for _, text := range texts {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		beside = append(beside, n)
	}
	return beside, nil
}
