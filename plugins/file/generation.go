package file

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/refold-dev/refold/plugins/claim"
)

// Keeps returns true: generations that are not active stay until they are discarded.
func (e *Executor) Keeps() bool { return true }

// Serving is the generation that readers see, as this executor has found it or brought
// about.
func (e *Executor) Serving() uint64 { return uint64(e.serving) }

// Activate makes this generation the one that readers see. Who writes the one before is
// fenced off. It does nothing to a generation that is active.
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

// exchange fences off the writer of the generation before first: a crash in between is
// mended by doing it again.
func (e *Executor) exchange() error {
	l, err := e.hold()
	if err != nil {
		return err
	}
	before, exists, err := e.folder.active()
	if err != nil {
		return err
	}
	if m, known := l.Generations[before]; exists && known && before != e.claim.Generation {
		l.Epoch++
		m.Epoch = l.Epoch
		l.Generations[before] = m
		if err := e.folder.write(l); err != nil {
			return err
		}
	}
	if err := e.folder.activate(e.claim.Generation); err != nil {
		return err
	}
	e.active, e.serving = true, e.claim.Generation
	return nil
}

// Retain removes the pipeline's generations that are neither active nor this one nor
// among those given.
func (e *Executor) Retain(ctx context.Context, generations []uint64) error {
	if e.closed {
		return claim.ErrClosed
	}
	err := e.folder.locked(ctx, func() error {
		l, err := e.hold()
		if err != nil {
			return err
		}
		active, _, err := e.folder.active()
		if err != nil {
			return err
		}
		maps.DeleteFunc(l.Generations, func(g int64, _ mark) bool {
			return g != active && g != e.claim.Generation && !slices.Contains(generations, uint64(g))
		})
		if err := e.folder.write(l); err != nil {
			return err
		}
		return e.folder.sweep(l)
	})
	if err != nil {
		return fmt.Errorf("remove what pipeline %s does not retain: %w", e.claim.Pipeline, err)
	}
	return nil
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
