package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/rows"
)

// Open takes over a generation of a pipeline in the file that cfg names: from
// now on every other executor of the generation is fenced off. A generation
// that the file does not know begins at position 0. The first one of a
// pipeline is active at once; a later one is built beside the active one.
//
// Errors are [*rows.ConfigError], [*rows.TableError], [ErrLocked], a
// [*claim.FencedError] for a generation that the file does not know and that is older
// than the active one, or those of the file.
func Open(ctx context.Context, cfg Config, pipeline string, generation uint64) (*Executor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c, err := claim.New(pipeline, generation)
	if err != nil {
		return nil, fmt.Errorf("open a sqlite executor: %w", err)
	}
	busy := cfg.BusyTimeout
	if busy == 0 {
		busy = defaultBusyTimeout
	}
	s, err := openSession(ctx, cfg.Path, busy)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", cfg.Path, err)
	}
	model := rows.NewModel(cfg.Tables, &dialect)
	e := &Executor{session: s, claim: c, model: model, tables: tablesOf(model), path: cfg.Path, busy: busy}
	if cfg.Queries != nil {
		bounds := cfg.Queries.WithDefaults()
		e.queries = &bounds
	}
	if err := s.within(ctx, e.takeOver); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s for pipeline %s, generation %d: %w", cfg.Path, pipeline, generation, err), s.close())
	}
	return e, nil
}

// takeOver makes this executor the generation's only writer, and the file's
// tables those that are declared.
func (e *Executor) takeOver(ctx context.Context) error {
	if err := e.session.ensureLedger(ctx); err != nil {
		return err
	}
	found, exists, err := e.session.checkpointOf(ctx, e.claim.Pipeline, e.claim.Generation)
	if err != nil {
		return err
	}
	if e.claim.Epoch, err = e.session.nextEpoch(ctx, e.claim.Pipeline); err != nil {
		return err
	}
	if e.serving, _, err = e.session.activeGeneration(ctx, e.claim.Pipeline); err != nil {
		return err
	}
	if !exists {
		return e.begin(ctx)
	}
	e.claim.Position, e.active = event.Position(found.Position), found.Active
	e.nameTables()
	_, err = e.session.exec(ctx,
		`UPDATE _refold_checkpoints SET epoch = ? WHERE pipeline = ? AND generation = ?`,
		e.claim.Epoch, e.claim.Pipeline, e.claim.Generation)
	if err != nil {
		return fmt.Errorf("take over the checkpoint: %w", err)
	}
	return e.matchTables(ctx)
}

// begin creates the generation.
func (e *Executor) begin(ctx context.Context) error {
	if e.serving > e.claim.Generation {
		return e.claim.ReplacedBy(e.serving)
	}
	if e.active = e.serving == 0; e.active {
		e.serving = e.claim.Generation
	}
	e.nameTables()
	_, err := e.session.exec(ctx,
		`INSERT INTO _refold_checkpoints (pipeline, generation, position, epoch, active) VALUES (?, ?, 0, ?, ?)`,
		e.claim.Pipeline, e.claim.Generation, e.claim.Epoch, e.active)
	if err != nil {
		return fmt.Errorf("begin the checkpoint: %w", err)
	}
	return e.createTables(ctx)
}
