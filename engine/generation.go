package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/feed"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/sdk/manifest"
)

// generation folds the log into one build of a pipeline's read model.
type generation struct {
	pipeline  string
	opts      *Options
	manifest  manifest.Manifest
	executors []Executor
	// instantiate makes another instance of the plugin.
	instantiate func(context.Context) (Plugin, error)
	// asking holds one token while somebody queries a copy of the plugin.
	asking chan struct{}

	// passed is a copy of mark, for those who must not wait for a fold.
	passed atomic.Pointer[checkpoint.Mark]

	// mu guards what a reader of the state and the folding goroutine share.
	mu       sync.Mutex
	plugin   Plugin
	builder  *feed.Builder
	kept     *checkpoint.Generation
	mark     checkpoint.Mark   // of what has been folded
	changes  checkpoint.Change // of keys, since the last checkpoint
	changing int               // the changes' size in bytes, about
	effects  []effect.Effect
}

// position is the last position that the generation includes.
func (g *generation) position() event.Position { return g.passed.Load().Position }

func (g *generation) moveTo(m checkpoint.Mark) {
	g.mark = m
	g.passed.Store(&m)
}

// restore brings the plugin and the executors to one position: that of the
// state, or, if an executor has lost what the state already includes, zero.
func (g *generation) restore(ctx context.Context) error {
	g.changes = checkpoint.Change{}
	g.moveTo(g.kept.Mark())
	for _, x := range g.executors {
		at, ok := x.Position()
		if ok && at < g.mark.Position {
			g.opts.Logger.Warn("an executor is behind the state: folding the log again from its beginning",
				"pipeline", g.pipeline, "executor_position", at, "state_position", g.mark.Position)
			if err := g.kept.Clear(); err != nil {
				return err
			}
			g.moveTo(g.kept.Mark())
			return nil
		}
	}
	if g.manifest.State != manifest.Resident {
		return nil
	}
	snapshot, err := g.kept.Snapshot()
	if err != nil || snapshot == nil {
		return err
	}
	if err := g.plugin.Restore(ctx, snapshot); err != nil {
		return fmt.Errorf("pipeline %s: restoring the snapshot at position %d: %w", g.pipeline, g.mark.Position, err)
	}
	return nil
}

// furthest is the last position that the state or an executor includes.
func (g *generation) furthest() event.Position {
	at := g.position()
	for _, x := range g.executors {
		if committed, ok := x.Position(); ok {
			at = max(at, committed)
		}
	}
	return at
}

// dropped counts the effects that executors have not performed because they are
// not to.
func (g *generation) dropped() (n uint64) {
	for _, x := range g.executors {
		if d, ok := x.(Dropper); ok {
			n += d.Dropped()
		}
	}
	return n
}

// checkpoint stores the state, if it has moved since the last one. It runs to
// its end, whatever becomes of ctx.
func (g *generation) checkpoint(ctx context.Context) error {
	stored, err := g.store(context.WithoutCancel(ctx))
	if stored {
		g.opts.Observer.Checkpointed(g.pipeline, g.kept.Number(), g.position())
	}
	return err
}

func (g *generation) store(ctx context.Context) (stored bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mark == g.kept.Mark() {
		return false, nil
	}
	var snapshot []byte
	if g.manifest.State == manifest.Resident {
		if snapshot, err = g.plugin.Snapshot(ctx); err != nil {
			return false, fmt.Errorf("pipeline %s: taking a snapshot at position %d: %w", g.pipeline, g.mark.Position, err)
		}
	}
	if err := g.kept.Commit(g.mark, g.changes, snapshot); err != nil {
		return false, fmt.Errorf("pipeline %s: %w", g.pipeline, err)
	}
	clear(g.changes)
	g.changing = 0
	return true, nil
}

// close releases plugin and executors; it does not checkpoint.
func (g *generation) close(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return errors.Join(g.plugin.Close(ctx), closeAll(g.executors))
}
