package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/rows"
)

// Open takes over a generation of a pipeline in the database that cfg names: from
// now on every other executor of the generation is fenced off. A generation that
// the schema does not know begins at position 0. The first one of a pipeline is
// active at once; a later one is built beside the active one.
//
// Errors are [*rows.ConfigError], [ErrURL], [*rows.TableError], a
// [*claim.FencedError] for a generation that the schema does not know and that is older
// than the active one, an
// [effect.RetryError] where the server is out of reach, or those of the database.
// None of them has the URL's password in it.
func Open(ctx context.Context, cfg Config, pipeline string, generation uint64) (*Executor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s, c, err := sessionOf(cfg, pipeline, generation)
	if err != nil {
		return nil, fmt.Errorf("open a postgres executor: %w", err)
	}
	if len(rows.Built("", c.Generation)) > maxName-dialect.TableName-len(indexSuffix("")) {
		return nil, fmt.Errorf("open a postgres executor: generation %d makes names that are too long", generation)
	}
	e := newExecutor(s, cfg, c)
	if err := e.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open schema %q for pipeline %s, generation %d: %w", e.session.schema, pipeline, generation, err), e.session.close(ctx))
	}
	return e, nil
}

func (e *Executor) open(ctx context.Context) error {
	if _, err := e.session.connected(ctx); err != nil {
		return err
	}
	if e.queries != nil && e.session.isSuperuser() {
		return errSuperuser
	}
	if err := e.session.within(ctx, e.takeOver); err != nil {
		return err
	}
	if e.active {
		e.tidy(ctx)
	}
	return nil
}

// takeOver makes this executor the generation's only writer, and the schema's
// tables those that are declared.
func (e *Executor) takeOver(ctx context.Context) error {
	if err := e.session.alone(ctx); err != nil {
		return err
	}
	if err := e.ensureSchema(ctx); err != nil {
		return err
	}
	if err := e.session.ensureLedger(ctx); err != nil {
		return err
	}
	found, exists, err := e.session.checkpointOf(ctx, &e.claim)
	if err != nil {
		return err
	}
	if e.claim.Epoch, err = e.session.nextEpoch(ctx, e.claim.Pipeline); err != nil {
		return err
	}
	all, err := e.session.generations(ctx, e.claim.Pipeline)
	if err != nil {
		return err
	}
	for _, g := range all {
		if g.active {
			e.serving = g.number
		}
	}
	if !exists {
		return e.begin(ctx, all)
	}
	if found.existingTables != e.existingTables {
		return e.otherTables(found.existingTables)
	}
	e.claim.Position, e.active = event.Position(found.Position), found.Active
	e.nameTables()
	err = e.session.perform(ctx,
		`UPDATE `+e.session.name(checkpoints)+` SET epoch = $1 WHERE pipeline = $2 AND generation = $3`,
		e.claim.Epoch, e.claim.Pipeline, e.claim.Generation)
	if err != nil {
		return fmt.Errorf("take over the checkpoint: %w", err)
	}
	return e.matchTables(ctx)
}

// ensureSchema creates the schema, if it is not there and not for the user's
// migrations to create.
func (e *Executor) ensureSchema(ctx context.Context) error {
	there, err := e.session.column(ctx, `SELECT nspname::text FROM pg_namespace WHERE nspname = $1`, e.session.schema)
	if err != nil {
		return fmt.Errorf("look for schema %q: %w", e.session.schema, err)
	}
	if len(there) > 0 {
		return nil
	}
	if e.existingTables {
		return fmt.Errorf("schema %q does not exist; your migrations are to create it", e.session.schema)
	}
	if err := e.session.perform(ctx, "CREATE SCHEMA "+pgx.Identifier{e.session.schema}.Sanitize()); err != nil {
		return fmt.Errorf("create schema %q: %w", e.session.schema, err)
	}
	return nil
}

// begin creates the generation, beside all that there are.
func (e *Executor) begin(ctx context.Context, all []generation) error {
	for _, g := range all {
		if g.existingTables != e.existingTables {
			return e.otherTables(g.existingTables)
		}
	}
	if e.serving > e.claim.Generation {
		return e.claim.ReplacedBy(e.serving)
	}
	if e.active = e.serving == 0; e.active {
		e.serving = e.claim.Generation
	}
	e.nameTables()
	err := e.session.perform(ctx,
		`INSERT INTO `+e.session.name(checkpoints)+` (pipeline, generation, position, epoch, active, existing_tables)
			VALUES ($1, $2, 0, $3, $4, $5)`,
		e.claim.Pipeline, e.claim.Generation, e.claim.Epoch, e.active, e.existingTables)
	if err != nil {
		return fmt.Errorf("begin the checkpoint: %w", err)
	}
	return e.createTables(ctx)
}

// otherTables refuses to go from tables of refold's to tables of the user's, or
// back, where the names are taken by the others.
func (e *Executor) otherTables(existing bool) error {
	whose := map[bool]string{false: "tables that refold has made", true: "existing tables"}
	return fmt.Errorf("the pipeline has %s in this schema, and is to have %s; name another schema", whose[existing], whose[!existing])
}
