package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Executor maintains the tables of one generation of one pipeline. It is for
// one goroutine.
type Executor struct {
	session    *session
	pipeline   string
	generation int64
	// epoch is this executor's claim to be the only writer.
	epoch int64
	// position is what the last commit left in the file.
	position event.Position
	active   bool
	closed   bool
	tables   []*table
	byName   map[string]*table
	decoder  decoder
}

func newExecutor(s *session, cfg Config, pipeline string, generation uint64) *Executor {
	e := &Executor{
		session:    s,
		pipeline:   pipeline,
		generation: int64(generation),
		byName:     make(map[string]*table, len(cfg.Tables)),
	}
	for _, declared := range cfg.Tables {
		t := newTable(declared)
		e.tables = append(e.tables, t)
		e.byName[declared.Name] = t
	}
	return e
}

// Handles reports whether k writes rows.
func (e *Executor) Handles(k effect.Kind) bool {
	return k == effect.Insert || k == effect.Update || k == effect.Delete
}

// Position is the position through which effects are committed; ok is always
// true.
func (e *Executor) Position() (p event.Position, ok bool) { return e.position, true }

// Active reports whether the tables bear their declared names. It is what this
// executor found or brought about: a later generation that replaces this one
// shows only as a [*FencedError].
func (e *Executor) Active() bool { return e.active }

// Execute commits the batch's rows and its Through as the position, or
// nothing. Effects at or below the position are skipped. Errors are
// [*RowError], [*GapError], [*FencedError], [ErrLocked], [ErrDiskFull],
// [ErrClosed], that of ctx, or those of the file; after any of them the
// executor may be used again.
func (e *Executor) Execute(ctx context.Context, b effect.Batch) error {
	if e.closed {
		return ErrClosed
	}
	if err := e.connects(b); err != nil {
		return err
	}
	if b.Through <= e.position {
		return nil
	}
	defer e.clearWrites()
	if err := e.gather(b); err != nil {
		return err
	}
	err := e.session.within(ctx, func(ctx context.Context) error {
		if err := e.advance(ctx, b.Through); err != nil {
			return err
		}
		return e.write(ctx)
	})
	if err != nil {
		return fmt.Errorf("write pipeline %s, generation %d, positions %d to %d: %w",
			e.pipeline, e.generation, e.position+1, b.Through, err)
	}
	e.position = b.Through
	return nil
}

// connects checks that the batch is for this executor and that no position is
// missing between it and the last one.
func (e *Executor) connects(b effect.Batch) error {
	if b.Pipeline != e.pipeline || b.Generation != uint64(e.generation) {
		return fmt.Errorf("the batch is of pipeline %s, generation %d, the executor of pipeline %s, generation %d",
			b.Pipeline, b.Generation, e.pipeline, e.generation)
	}
	if b.Through < b.After {
		return fmt.Errorf("the batch ends at position %d, before it begins after %d", b.Through, b.After)
	}
	if b.After > e.position {
		return &GapError{Position: e.position, After: b.After}
	}
	return nil
}

// gather folds the batch's effects above the position into the tables' writes.
func (e *Executor) gather(b effect.Batch) error {
	last := b.After
	for i := range b.Effects {
		f := &b.Effects[i]
		if f.Cause <= b.After || f.Cause < last || f.Cause > b.Through {
			return fmt.Errorf("effect %d of event %d is out of place in a batch of the positions %d to %d",
				f.Ordinal, f.Cause, b.After+1, b.Through)
		}
		last = f.Cause
		if f.Cause <= e.position || !e.Handles(f.Kind) {
			continue
		}
		if err := e.gatherOne(f); err != nil {
			err.Position, err.Ordinal, err.Table = f.Cause, f.Ordinal, f.Name
			return err
		}
	}
	return nil
}

func (e *Executor) gatherOne(f *effect.Effect) *RowError {
	t, ok := e.byName[f.Name]
	if !ok {
		return &RowError{Reason: "is not declared"}
	}
	row := t.newRow()
	switch f.Kind {
	case effect.Insert:
		if err := e.decoder.insert(t, f.Body, row); err != nil {
			return err
		}
		t.insert(row)
	case effect.Update:
		if err := e.decoder.update(t, f.Key, f.Body, row); err != nil {
			return err
		}
		t.update(row)
	default:
		if err := e.decoder.key(t, f.Key, row); err != nil {
			return err
		}
		t.remove(row)
	}
	return nil
}

// advance moves the position, and thereby finds out whether this executor is
// still the one to write.
func (e *Executor) advance(ctx context.Context, through event.Position) error {
	changed, err := e.session.exec(ctx,
		`UPDATE _refold_checkpoints SET position = ?
			WHERE pipeline = ? AND generation = ? AND epoch = ? AND position = ?`,
		int64(through), e.pipeline, e.generation, e.epoch, int64(e.position))
	if err != nil {
		return fmt.Errorf("move the position: %w", err)
	}
	if changed == 1 {
		return nil
	}
	if err := e.holdFence(ctx); err != nil {
		return err
	}
	return fmt.Errorf("move the position: %d checkpoints changed", changed)
}

func (e *Executor) write(ctx context.Context) error {
	for _, t := range e.tables {
		if err := t.flush(ctx, e.session); err != nil {
			return fmt.Errorf("table %s: %w", t.stored, err)
		}
	}
	return nil
}

func (e *Executor) clearWrites() {
	for _, t := range e.tables {
		t.clear()
	}
}

// Close releases the file. Closing twice is fine.
func (e *Executor) Close() error {
	if e.closed {
		return nil
	}
	e.closed = true
	var err error
	for _, t := range e.tables {
		err = errors.Join(err, t.statements.close())
	}
	if err = errors.Join(err, e.session.close()); err != nil {
		return fmt.Errorf("close the executor of pipeline %s: %w", e.pipeline, err)
	}
	return nil
}
