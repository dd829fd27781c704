package engine

import (
	"context"
	"fmt"

	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/sdk/manifest"
)

// seal is a checkpoint to be: the state at a position to which some executors
// have yet to come. The fold goes on meanwhile.
type seal struct {
	mark    checkpoint.Mark
	changes checkpoint.Change
	image   *checkpoint.Image // of a resident projection
	aside   checkpoint.Aside
}

// seal has the present state stored as soon as the executors have come to it,
// unless an older one still waits for that.
func (g *generation) seal(ctx context.Context) error {
	if err := g.setSeal(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	return g.storeSealed()
}

func (g *generation) setSeal(ctx context.Context) (err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sealed != nil || g.mark == g.kept.Mark() {
		return nil
	}
	s := &seal{mark: g.mark, changes: g.changes, aside: g.aside.take()}
	if g.manifest.State == manifest.Resident {
		if s.image, err = g.image(ctx); err != nil {
			return fmt.Errorf("pipeline %s: taking a snapshot at position %d: %w", g.pipeline, g.mark.Position, err)
		}
	}
	g.sealed, g.changes, g.changing = s, checkpoint.Change{}, 0
	return nil
}

// storeSealed stores what is sealed, if the executors have come to it.
func (g *generation) storeSealed() error {
	if g.sealed == nil || g.position() < g.sealed.mark.Position {
		return nil
	}
	c := Checkpoint{Pipeline: g.pipeline, Generation: g.kept.Number(), Position: g.sealed.mark.Position, Began: g.opts.Now()}
	if err := g.commitSealed(); err != nil {
		return fmt.Errorf("pipeline %s: %w", g.pipeline, err)
	}
	now := g.opts.Now()
	c.Took = now.Sub(c.Began)
	g.lag.stored(c.Position, g.position(), now)
	g.snapshots.consider(g.kept)
	g.opts.Observer.Checkpointed(c)
	return nil
}

func (g *generation) commitSealed() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sealed
	g.collectLetters(&s.aside)
	if err := g.kept.Commit(s.mark, s.changes, s.image, &s.aside); err != nil {
		return err
	}
	g.sealed = nil
	g.watch.committed(g.kept, s.changes)
	g.aside.forget(s.mark.Position)
	return nil
}

// collectLetters adds the effects that executors have left out.
func (g *generation) collectLetters(into *checkpoint.Aside) {
	for _, o := range g.outlets {
		for _, l := range o.Letters() {
			letter := g.aside.letter(l)
			put(&into.Letters, letter.ID(), letter)
		}
	}
}

// changed is the state of a key that is not stored yet; it is nil if the key has
// been removed.
func (g *generation) changed(key string) (state []byte, ok bool) {
	if state, ok = g.changes[key]; ok || g.sealed == nil {
		return state, ok
	}
	state, ok = g.sealed.changes[key]
	return state, ok
}
