package file

import (
	"context"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/claim"
)

// Executor appends the effects of one generation of one pipeline. It is for one
// goroutine.
type Executor struct {
	cfg    Config
	folder folder
	shelf  shelf
	claim  claim.Claim
	// serving is the active generation, as far as is known.
	serving int64
	active  bool
	closed  bool
	// torn says that there may be something behind what counts.
	torn bool
}

// Handles reports whether effects of kind k are written: all but Query.
func (e *Executor) Handles(k effect.Kind) bool {
	return k >= effect.Insert && k <= effect.EmitEvent && k != effect.Query
}

// Position is the position through which effects are on disk; ok is always true.
func (e *Executor) Position() (p event.Position, ok bool) { return e.claim.Position, true }

// Joins reports that several batches are better performed as one: each waits for the
// disk.
func (e *Executor) Joins() bool { return true }

// Active reports whether this generation is the one that readers see. It is what
// this executor found or brought about: another generation that replaces this one
// shows only as a [*claim.FencedError].
func (e *Executor) Active() bool { return e.active }

// Execute appends the batch's effects and moves the position to its Through, or does
// nothing. Effects at or below the position are skipped. Errors are
// [*effect.PoisonError], [*claim.GapError], [*claim.FencedError], [*LostError],
// [ErrDiskFull], [ErrLocked], [claim.ErrClosed], that of ctx, or those of the files;
// after any of them the executor may be used again.
func (e *Executor) Execute(ctx context.Context, b effect.Batch) error {
	if e.closed {
		return claim.ErrClosed
	}
	err := e.folder.locked(ctx, func() error { return e.write(&b) })
	if err != nil {
		return fmt.Errorf("write pipeline %s, generation %d, behind position %d: %w", e.claim.Pipeline, e.claim.Generation, e.claim.Position, err)
	}
	return nil
}

// write does so under the lock.
func (e *Executor) write(b *effect.Batch) error {
	l, err := e.hold()
	if err != nil {
		return err
	}
	if err := e.claim.Connects(*b); err != nil {
		return err
	}
	through, due := e.claim.Through(*b)
	if !due {
		return nil
	}
	lines, err := e.lines(b)
	if err != nil {
		return err
	}
	before := l.Generations[e.claim.Generation]
	if e.torn {
		if err := e.shelf.settle(before); err != nil {
			return err
		}
	}
	e.torn = true
	after, err := e.shelf.append(before, lines, e.cfg.MaxSize)
	if err == nil {
		after.Position = through
		l.Generations[e.claim.Generation] = after
		err = e.folder.write(l)
	}
	if err != nil {
		return errors.Join(err, e.takeBack())
	}
	e.claim.Position, e.torn = through, false
	if e.cfg.Keep > 0 && after.File > before.File {
		e.shelf.prune(after.File, e.cfg.Keep)
	}
	return nil
}

// takeBack cuts off what a batch has written that has failed, unless it has been
// committed all the same.
func (e *Executor) takeBack() error {
	l, err := e.folder.readLedger(e.claim.Pipeline)
	if err != nil {
		return err
	}
	if err := e.shelf.settle(l.Generations[e.claim.Generation]); err != nil {
		return err
	}
	e.torn = false
	return nil
}

// lines are those of the batch's effects that are not written yet.
func (e *Executor) lines(b *effect.Batch) ([][]byte, error) {
	var lines [][]byte
	for i := range b.Effects {
		f := &b.Effects[i]
		if !e.Handles(f.Kind) || !b.Late && f.Cause <= e.claim.Position {
			continue
		}
		line, err := effect.AppendJSON(nil, b, f)
		if err != nil {
			return nil, &effect.PoisonError{Cause: f.Cause, Ordinal: f.Ordinal, Err: err}
		}
		lines = append(lines, append(line, '\n'))
	}
	return lines, nil
}

// hold reads the ledger. It fails unless this executor is the generation's newest,
// and finds out whether a batch whose commit failed at its very end has been
// committed. It belongs under the lock, which keeps the answer true.
func (e *Executor) hold() (*ledger, error) {
	l, err := e.folder.readLedger(e.claim.Pipeline)
	if err != nil {
		return nil, err
	}
	active, exists, err := e.folder.active()
	if err != nil {
		return nil, err
	}
	if exists && e.active && active != e.claim.Generation {
		return nil, e.claim.ReplacedBy(active)
	}
	m, known := l.Generations[e.claim.Generation]
	if known && m.Epoch == e.claim.Epoch {
		e.claim.Position = m.Position
	}
	return l, e.claim.FencedBy(claim.Checkpoint{Position: int64(m.Position), Epoch: m.Epoch}, known)
}

// Close releases the executor: nothing is open between two batches. Closing twice is
// fine.
func (e *Executor) Close() error {
	e.closed = true
	return nil
}
