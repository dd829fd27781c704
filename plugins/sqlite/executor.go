package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/rows"
)

// Executor maintains the tables of one generation of one pipeline. It is for
// one goroutine.
type Executor struct {
	session *session
	claim   claim.Claim
	serving int64 // the active generation, as far as is known
	active  bool
	closed  bool
	model   *rows.Model
	tables  []*table

	// What queries need: nil for none.
	queries *rows.Queries
	reader  *reader
	path    string
	busy    time.Duration
}

// Handles reports whether k writes rows, or asks for them where that is answered.
func (e *Executor) Handles(k effect.Kind) bool {
	return rows.Handles(k) || k == effect.Query && e.queries != nil
}

// Position is the position through which effects are committed; ok is always
// true.
func (e *Executor) Position() (p event.Position, ok bool) { return e.claim.Position, true }

// Joins reports that several batches are better performed as one: each waits for the
// disk.
func (e *Executor) Joins() bool { return true }

// Prepare decodes the rows of a batch that is likely to be executed soon. It may be
// called beside any other method.
func (e *Executor) Prepare(effects []effect.Effect) { e.model.Prepare(effects) }

// Active reports whether the tables bear their declared names. It is what this
// executor found or brought about: another generation that replaces this one
// shows only as a [*claim.FencedError].
func (e *Executor) Active() bool { return e.active }

// Execute commits the batch's rows and its Through as the position, or
// nothing. Effects at or below the position are skipped. Errors are
// [*rows.RowError], [*claim.GapError], [*claim.FencedError], [ErrLocked],
// [ErrDiskFull], [claim.ErrClosed], that of ctx, or those of the file; after any of
// them the executor may be used again.
func (e *Executor) Execute(ctx context.Context, b effect.Batch) error {
	if e.closed {
		return claim.ErrClosed
	}
	if err := e.claim.Connects(b); err != nil {
		return err
	}
	through, due := e.claim.Through(b)
	if !due {
		return nil
	}
	defer e.model.Clear()
	if err := e.model.Gather(b, e.claim.Position); err != nil {
		return err
	}
	err := e.session.within(ctx, func(ctx context.Context) error {
		if err := e.advance(ctx, through); err != nil {
			return err
		}
		return e.write(ctx)
	})
	if err != nil {
		return fmt.Errorf("write pipeline %s, generation %d, positions %d to %d: %w",
			e.claim.Pipeline, e.claim.Generation, e.claim.Position+1, through, err)
	}
	e.claim.Position = through
	return nil
}

// advance moves the position, and thereby finds out whether this executor is
// still the one to write.
func (e *Executor) advance(ctx context.Context, through event.Position) error {
	changed, err := e.session.exec(ctx,
		`UPDATE _refold_checkpoints SET position = ?
			WHERE pipeline = ? AND generation = ? AND epoch = ? AND position = ?`,
		int64(through), e.claim.Pipeline, e.claim.Generation, e.claim.Epoch, int64(e.claim.Position))
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
	return e.session.conn.Raw(func(conn any) error {
		for _, t := range e.tables {
			if err := t.flush(ctx, conn.(driver.ConnPrepareContext)); err != nil {
				return fmt.Errorf("table %s: %w", t.stored, err)
			}
		}
		return nil
	})
}

// closeStatements finalizes what is prepared, which is done anew when it is needed.
func (e *Executor) closeStatements() error {
	return e.session.conn.Raw(func(any) error {
		var err error
		for _, t := range e.tables {
			err = errors.Join(err, t.statements.close())
		}
		return err
	})
}

// Close releases the file. Closing twice is fine.
func (e *Executor) Close() error {
	if e.closed {
		return nil
	}
	e.closed = true
	err := e.closeStatements()
	if e.reader != nil {
		err = errors.Join(err, e.reader.close())
	}
	if err = errors.Join(err, e.session.close()); err != nil {
		return fmt.Errorf("close the executor of pipeline %s: %w", e.claim.Pipeline, err)
	}
	return nil
}
