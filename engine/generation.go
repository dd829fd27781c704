package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/engine/feed"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/internal/root"
	"github.com/refold-dev/refold/sdk/manifest"
)

// generation folds the log into one build of a pipeline's read model.
type generation struct {
	pipeline  string
	opts      *Options
	manifest  manifest.Manifest
	executors []Executor
	specs     []config.Executor  // of the executors
	names     []string           // of the executors
	outlets   []*delivery.Outlet // of the executors
	// folds is false of one that is opened to be read, without its executors.
	folds bool
	// size bounds the events of a batch, and limit those that are read a second; nil for
	// no bound.
	size  int
	limit *rate.Limiter
	// instantiate makes another instance of the plugin.
	instantiate func(context.Context) (Plugin, error)
	// shadows is true of one that is folded beside another: nobody needs to perform its
	// effects, and nobody answers its queries.
	shadows bool
	// asking holds one token while somebody queries a copy of the plugin.
	asking chan struct{}

	// passed is how far all effects have been performed, for those who must not
	// wait for a fold.
	passed atomic.Pointer[checkpoint.Mark]
	// lag is how far what is stored is behind that.
	lag storedLag

	// flying are the batches behind passed. Only the folding goroutine looks.
	flying []*flight
	told   event.Position // up to which the observer knows
	singly event.Position // up to which events are folded one by one

	// mu guards what a reader of the state and the folding goroutine share.
	mu        sync.Mutex
	plugin    Plugin
	builder   *feed.Builder
	kept      *checkpoint.Generation
	mark      checkpoint.Mark   // of what has been folded
	changes   checkpoint.Change // of keys, since the last seal
	changing  int               // the changes' size in bytes, about
	effects   []effect.Effect
	hasher    *root.Hasher
	snapshots *snapshots // for time travel; nil for none
	watch     *watch     // the pipeline's; nil for none
	sealed    *seal      // what waits to be stored
	aside     *aside
	policy    string    // what becomes of poison
	mute      bool      // the plugin has not answered when it was asked
	rested    time.Time // before which it is not asked again
}

// position is the last position that the read model includes.
func (g *generation) position() event.Position { return g.passed.Load().Position }

// moveTo goes to a mark that is stored.
func (g *generation) moveTo(m checkpoint.Mark) {
	g.mark = m
	g.passed.Store(&m)
	g.lag.begin(m.Position)
}

// restore brings the plugin and the executors to one position: that of the
// state, or, if an executor has lost what the state already includes, zero.
func (g *generation) restore(ctx context.Context) (err error) {
	g.changes = checkpoint.Change{}
	g.moveTo(g.kept.Mark())
	if err := g.openOutlets(); err != nil {
		return err
	}
	if g.aside, err = newAside(g.kept.Mark().Module, g.opts.Now, g.kept); err != nil {
		return err
	}
	for _, x := range g.executors {
		at, ok := x.Position()
		if ok && at < g.mark.Position {
			g.opts.Logger.Warn("an executor is behind the state: folding the log again from its beginning",
				"pipeline", g.pipeline, "executor_position", at, "state_position", g.mark.Position)
			if err := g.kept.Clear(); err != nil {
				return err
			}
			g.moveTo(g.kept.Mark())
			return g.aside.reload(g.kept)
		}
	}
	return g.restoreImage(ctx)
}

// rewind goes back to what is stored last, with another instance of the plugin.
// The outlets know what has been performed since.
func (g *generation) rewind(ctx context.Context) error {
	plugin, err := g.instantiate(ctx)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.plugin
	g.plugin, g.flying, g.sealed = plugin, nil, nil
	g.changes, g.changing = checkpoint.Change{}, 0
	g.moveTo(g.kept.Mark())
	_, err = g.restoreSnapshot(ctx)
	return errors.Join(old.Close(ctx), g.aside.reload(g.kept), err)
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

// close releases plugin and executors; it does not checkpoint.
func (g *generation) close(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return errors.Join(g.plugin.Close(ctx), closeAll(g.executors))
}
