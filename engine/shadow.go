package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/feed"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/internal/root"
)

// origin is what a generation that is stored comes from: what a shadow of it needs.
type origin struct {
	*declaration
	kept *checkpoint.Generation
	opts *Options // of which Log, Now, Logger, Models and OpenExecutor are needed
}

// shadow is a generation that is folded beside another one, by the same declaration. Its
// states are in a folder of its own, which goes with it, and so does all that its
// executors have written: nothing of what it is the shadow of is touched, and none of
// its effects leaves the machine.
type shadow struct {
	*generation
	store *checkpoint.Store
	dir   *temporary
}

// openShadow makes an empty shadow, with some executors, which may be none, and which it
// closes.
func (o *origin) openShadow(ctx context.Context, executors ...Executor) (*shadow, error) {
	return o.openShadowOf(ctx, func(s *checkpoint.Store) (*checkpoint.Generation, error) {
		m := o.kept.Mark()
		if err := s.Reserve(o.kept.Number() - 1); err != nil {
			return nil, err
		}
		return s.Create(m.Identity, m.Module, checkpoint.Declaration{})
	}, executors...)
}

// openShadowOf makes a shadow with the state that make makes.
func (o *origin) openShadowOf(ctx context.Context, make func(*checkpoint.Store) (*checkpoint.Generation, error), executors ...Executor) (_ *shadow, err error) {
	s := &shadow{}
	defer func() {
		if err != nil {
			if s.generation == nil {
				err = errors.Join(err, closeAll(executors))
			}
			err = errors.Join(fmt.Errorf("pipeline %s: making a shadow: %w", o.spec.Name, err), s.close(context.WithoutCancel(ctx)))
		}
	}()
	if s.dir, err = newTemporary(); err != nil {
		return s, err
	}
	if s.store, err = checkpoint.OpenScratch(filepath.Join(s.dir.path, "state.db")); err != nil {
		return s, err
	}
	kept, err := make(s.store)
	if err != nil {
		return s, err
	}
	plugin, err := o.instantiate(ctx)
	if err != nil {
		return s, err
	}
	s.generation = o.generation(kept, plugin, executors)
	return s, s.restore(ctx)
}

// generation is that of a shadow.
func (o *origin) generation(kept *checkpoint.Generation, plugin Plugin, executors []Executor) *generation {
	opts := o.shadowOptions()
	g := &generation{
		pipeline:    o.spec.Name,
		opts:        opts,
		size:        opts.BatchSize,
		shadows:     true,
		folds:       true,
		manifest:    o.manifest,
		executors:   executors,
		instantiate: o.instantiate,
		asking:      make(chan struct{}, 1),
		plugin:      plugin,
		builder:     feed.NewBuilder(&o.manifest, feed.Select(o.manifest.Events, o.spec.Source.Events, o.spec.Source.Aggregates), o.spec.Projection.Key),
		kept:        kept,
		hasher:      root.NewHasher(),
		policy:      o.policy,
	}
	g.builder.SetPipeline(o.spec.Name)
	for range executors {
		g.specs, g.names = append(g.specs, config.Executor{}), append(g.names, "shadow")
	}
	return g
}

// shadowOptions are those of the engine, for one that nobody observes, and that stores
// its state only when it is asked to or when too much of it waits.
func (o *origin) shadowOptions() *Options {
	opts := Options{Log: o.opts.Log, Now: o.opts.Now, Logger: o.opts.Logger, BatchSize: o.opts.BatchSize, CheckpointEvery: 24 * time.Hour}
	opts.ensureDefaults()
	return &opts
}

// foldTo brings the shadow to a position, and stores its state there.
func (s *shadow) foldTo(ctx context.Context, at event.Position) error {
	if err := s.follow(ctx, at, 0, nil); err != nil {
		return err
	}
	if s.position() < at {
		return fmt.Errorf("pipeline %s: folding in the shadow has stopped at position %d of %d: %w", s.pipeline, s.position(), at, context.Cause(ctx))
	}
	return nil
}

// close removes the shadow.
func (s *shadow) close(ctx context.Context) error {
	var errs []error
	if s.generation != nil {
		errs = append(errs, s.generation.close(ctx))
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.dir != nil {
		errs = append(errs, s.dir.remove())
	}
	return errors.Join(errs...)
}
