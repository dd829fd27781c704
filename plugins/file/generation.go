package file

import (
	"context"
	"fmt"
	"maps"

	"github.com/refold-dev/refold/plugins/claim"
)

// Activate makes this generation the one that readers see, and removes the pipeline's
// older ones. It does nothing to a generation that is active.
func (e *Executor) Activate(ctx context.Context) error {
	if e.closed {
		return claim.ErrClosed
	}
	if e.active {
		return nil
	}
	if err := e.folder.locked(ctx, e.exchange); err != nil {
		return fmt.Errorf("activate pipeline %s, generation %d: %w", e.claim.Pipeline, e.claim.Generation, err)
	}
	return nil
}

func (e *Executor) exchange() error {
	l, err := e.hold()
	if err != nil {
		return err
	}
	if err := e.folder.activate(e.claim.Generation); err != nil {
		return err
	}
	e.active = true
	l.forgetOlder(e.claim.Generation)
	if err := e.folder.write(l); err != nil {
		return err
	}
	return e.folder.sweep(l)
}

// forgetOlder takes the generations out that are older than the active one.
func (l *ledger) forgetOlder(active int64) {
	maps.DeleteFunc(l.Generations, func(g int64, _ mark) bool { return g < active })
}

// Discard removes this generation's files and its position, and closes the executor.
// The active generation is not discarded: the error is [claim.ErrActive].
func (e *Executor) Discard(ctx context.Context) error {
	if e.closed {
		return claim.ErrClosed
	}
	err := claim.ErrActive
	if !e.active {
		err = e.folder.locked(ctx, e.remove)
	}
	if err != nil {
		return fmt.Errorf("discard pipeline %s, generation %d: %w", e.claim.Pipeline, e.claim.Generation, err)
	}
	return e.Close()
}

func (e *Executor) remove() error {
	l, err := e.hold()
	if err != nil {
		return err
	}
	delete(l.Generations, e.claim.Generation)
	if err := e.folder.write(l); err != nil {
		return err
	}
	return e.folder.sweep(l)
}
