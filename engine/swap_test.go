package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

// swapPictures replays a pipeline and takes pictures of its directory in the
// middle of the replay, and before and after the sink is swapped.
func swapPictures(t *testing.T, log engine.Log) (half, before, after picture) {
	t.Helper()
	r := newRig(t, log, lines())
	r.opts.BatchSize = 50
	r.opts.Observer.Folded = func(_ string, generation uint64, through event.Position, _, _ int) {
		if generation == 2 && through == 100 {
			half = takePicture(t, r.dir)
		}
	}
	r.meddle(meddler{activate: func(x *meddler, ctx context.Context) error {
		before = takePicture(t, r.dir)
		err := x.Executor.Activate(ctx)
		after = takePicture(t, r.dir)
		return err
	}})
	r.open()
	r.catchUp()
	must(t, r.engine.Replay(t.Context(), "lines"))
	r.close()
	return half, before, after
}

// Whatever a crash has left of a replay, the next start makes something whole
// of it, at once: the old read model or the new one.
func TestACrashWhileReplaying(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	all := history(200)
	log := newLog(t, all)
	half, before, after := swapPictures(t, log)
	for _, c := range []struct {
		name       string
		left       picture
		prepare    func(r *rig)
		generation uint64 // that serves at once; 0 for none
		want       []event.Event
	}{
		{name: "in its middle", left: half, generation: 1, want: all},
		{name: "before the sink's swap", left: before, generation: 2, want: all},
		{name: "after the sink's swap", left: after, generation: 2, want: all},
		{name: "in its middle, and the columns have changed since", left: half, prepare: retype, generation: 1},
		{name: "before the sink's swap, and the columns have changed since", left: before, prepare: retype, generation: 2},
		{name: "after the sink's swap, and the columns have changed since", left: after, prepare: retype, generation: 2},
		{name: "in its middle, and the source has changed since", left: half, prepare: narrow, generation: 1, want: without(all, "file_deleted")},
		{name: "after the sink's swap, and the source has changed since", left: after, prepare: narrow, generation: 2, want: without(all, "file_deleted")},
		{name: "in its middle, and the sink is gone", left: half, prepare: func(r *rig) { deleteSink(t, r) }, generation: 1, want: all},
		{name: "before the sink's swap, and the sink is gone", left: before, prepare: func(r *rig) { deleteSink(t, r) }, generation: 2, want: all},
		{name: "in its middle, and the sink is gone and the source has changed", left: half, prepare: func(r *rig) {
			deleteSink(t, r)
			narrow(r)
		}, generation: 1, want: without(all, "file_deleted")},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, log, lines())
			c.left.develop(t, r.dir)
			if c.prepare != nil {
				c.prepare(r)
			}
			r.seen.strange = true
			r.open()
			if s := r.status("lines"); s.Generation != c.generation {
				t.Errorf("generation %d, want %d", s.Generation, c.generation)
			}
			r.catchUp()
			if c.want != nil {
				r.wantLines(c.want)
			}
			r.specs[0].Generations.Keep = new(0)
			r.close()
			r.open()
			for _, left := range r.status("lines").Jobs {
				_, err := r.engine.CancelJob(t.Context(), left.ID)
				must(t, err)
			}
			must(t, r.engine.Replay(t.Context(), "lines"))
			if c.want != nil {
				r.wantLines(c.want)
			}
			wantTables(t, r, "_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir")
		})
	}
}

func retype(r *rig) { r.specs = []config.Pipeline{retyped()} }
func narrow(r *rig) { r.specs = []config.Pipeline{narrowed()} }

// A swap that stops half-way faults the pipeline; the next start goes on with it.
func TestASwapThatFails(t *testing.T) {
	all := history(200)
	refused := errors.New("refused")
	for name, activated := range map[string]bool{"before the sink's swap": false, "after the sink's swap": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, newLog(t, all), lines())
			r.meddle(meddler{activate: func(x *meddler, ctx context.Context) error {
				if activated {
					must(t, x.Executor.Activate(ctx))
				}
				return refused
			}})
			r.open()
			r.start()
			r.untilLive("lines", 200)
			if err := r.engine.Replay(t.Context(), "lines"); !errors.Is(err, refused) {
				t.Fatalf("error %v", err)
			}
			if s := r.status("lines"); s.State != engine.Faulted || s.Jobs != nil || len(r.seen.faultsOf("lines")) != 1 {
				t.Errorf("status %+v, faults %v", s, r.seen.faultsOf("lines"))
			}
			r.wantLines(all)
			r.close()

			r.opts.OpenExecutor = nil
			r.open()
			if s := r.status("lines"); s.Generation != 2 || s.Position != 200 {
				t.Errorf("after the next start: %+v", s)
			}
			r.catchUp()
			r.wantLines(all)
			r.close()
			r.wantGenerations("lines", 1, 2)
		})
	}
}
