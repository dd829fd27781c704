package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/refold-dev/refold/domain/event"
)

// Open takes over a generation of a pipeline in the file that cfg names: from
// now on every other executor of the generation is fenced off. A generation
// that the file does not know begins at position 0. The first one of a
// pipeline is active at once; a later one is built beside the active one.
//
// Errors are [*ConfigError], [*TableError], [ErrLocked], a [*FencedError] for a
// generation older than the active one, or those of the file.
func Open(ctx context.Context, cfg Config, pipeline string, generation uint64) (*Executor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if pipeline == "" {
		return nil, errors.New("open a sqlite executor: the pipeline has no name")
	}
	if generation > math.MaxInt64 {
		return nil, fmt.Errorf("open a sqlite executor: generation %d exceeds 63 bits", generation)
	}
	busy := cfg.BusyTimeout
	if busy == 0 {
		busy = defaultBusyTimeout
	}
	s, err := openSession(ctx, cfg.Path, busy)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", cfg.Path, err)
	}
	e := newExecutor(s, cfg, pipeline, generation)
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
	found, exists, err := e.session.checkpointOf(ctx, e.pipeline, e.generation)
	if err != nil {
		return err
	}
	if e.epoch, err = e.session.nextEpoch(ctx, e.pipeline); err != nil {
		return err
	}
	if !exists {
		return e.begin(ctx)
	}
	e.position, e.active = event.Position(found.position), found.active
	e.nameTables()
	_, err = e.session.exec(ctx,
		`UPDATE _refold_checkpoints SET epoch = ? WHERE pipeline = ? AND generation = ?`,
		e.epoch, e.pipeline, e.generation)
	if err != nil {
		return fmt.Errorf("take over the checkpoint: %w", err)
	}
	return e.matchTables(ctx)
}

// begin creates the generation.
func (e *Executor) begin(ctx context.Context) error {
	active, exists, err := e.session.activeGeneration(ctx, e.pipeline)
	if err != nil {
		return err
	}
	if exists && active > e.generation {
		return &FencedError{
			Pipeline: e.pipeline, Generation: uint64(e.generation),
			Reason: fmt.Sprintf("generation %d has replaced it", active),
		}
	}
	e.active = !exists
	e.nameTables()
	_, err = e.session.exec(ctx,
		`INSERT INTO _refold_checkpoints (pipeline, generation, position, epoch, active) VALUES (?, ?, 0, ?, ?)`,
		e.pipeline, e.generation, e.epoch, e.active)
	if err != nil {
		return fmt.Errorf("begin the checkpoint: %w", err)
	}
	return e.createTables(ctx)
}
