package engine_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

// changed is a rig whose pipeline lines has been built over a log, and then again, as it
// is narrowed; it is open.
func changed(t *testing.T, log engine.Log) *rig {
	t.Helper()
	r := newRig(t, log, lines())
	r.opts.OpenPlugin = openAny
	r.open()
	r.catchUp()
	r.close()
	narrow(r)
	r.open()
	r.catchUp()
	return r
}

func (r *rig) generations(pipeline string) (numbers []uint64) {
	r.t.Helper()
	list, err := r.engine.Generations(pipeline)
	must(r.t, err)
	for _, g := range list {
		numbers = append(numbers, g.Number)
	}
	return numbers
}

// wantRolledBack checks that a rollback from a generation holds.
func (r *rig) wantRolledBack(generation, from uint64) {
	r.t.Helper()
	s := r.status("lines")
	if s.Generation != generation || s.Change == nil || s.Change.Policy != "rollback" || s.Change.From != from || s.Change.Since.IsZero() {
		r.t.Errorf("not rolled back from %d to %d: %+v, change %+v", from, generation, s, s.Change)
	}
}

// A rollback puts the generation before in the place of the one that serves, at the
// position of that, and the next starts go on with it, by its own declaration, until the
// pipeline changes again.
func TestRollback(t *testing.T) {
	all := history(500)
	for name, running := range map[string]bool{"in a run": true, "alone": false} {
		t.Run(name, func(t *testing.T) {
			log := newLog(t, all[:100])
			r := changed(t, log)
			appendTo(t, log, all[100:200])
			reach := func(at int) {
				t.Helper()
				if running {
					r.untilLive("lines", at)
				} else {
					r.catchUp()
				}
			}
			if running {
				r.start()
			}
			reach(200)
			r.wantLines(without(all[:200], "file_deleted"))
			must(t, r.engine.Rollback(t.Context(), "lines", 0))
			r.wantRolledBack(1, 2)
			r.wantLines(all[:200])
			appendTo(t, log, all[200:300])
			reach(300)
			r.wantLines(all[:300])
			r.close()

			r.open() // with the same declaration
			r.wantRolledBack(1, 2)
			appendTo(t, log, all[300:400])
			r.catchUp()
			r.wantRolledBack(1, 2)
			r.wantLines(all[:400])
			r.close()

			r.specs[0].Source.Events = []string{"file_added"}
			r.open()
			if s := r.status("lines"); s.Change == nil || s.Change.Policy != "rebuild" || s.Generation != 1 {
				t.Errorf("after another change: %+v", s)
			}
			appendTo(t, log, all[400:])
			r.catchUp()
			r.wantLines(without(without(all, "file_deleted"), "file_modified"))
			if s := r.status("lines"); s.Change != nil || s.Generation != 3 {
				t.Errorf("when that is built: %+v", s)
			}
		})
	}
}

// A build that a change has begun, and that waits, is called off by a rollback: it would
// undo it.
func TestARollbackCallsAChangeOff(t *testing.T) {
	all := history(150)
	log := &stalling{Store: newLog(t, all), reached: make(chan struct{}, 1)}
	r := changed(t, log)
	r.close()
	r.specs[0].Source.Events = []string{"file_added"}
	log.stalls.Store(true)
	r.open()
	r.start()
	<-log.reached
	r.close()
	log.stalls.Store(false)
	r.open()
	if got := r.generations("lines"); !slices.Equal(got, []uint64{1, 2, 3}) {
		t.Errorf("generations %v, want one half built", got)
	}
	must(t, r.engine.Rollback(t.Context(), "lines", 0))
	for range 2 {
		r.catchUp()
		r.wantRolledBack(1, 2)
		r.wantLines(all)
		for _, one := range r.engine.Jobs() {
			if !one.State.Ended() {
				t.Errorf("job %+v", one)
			}
		}
		if got := r.generations("lines"); !slices.Equal(got, []uint64{1, 2}) {
			t.Errorf("generations %v", got)
		}
		r.start()
		r.untilLive("lines", 150)
		r.close()
		r.open()
	}
}

// Going back from a rollback leads to where it came from, and ends it; so does a replay.
func TestARollbackEnds(t *testing.T) {
	all := history(150)
	for name, end := range map[string]func(r *rig) (generation uint64){
		"by another": func(r *rig) uint64 {
			must(r.t, r.engine.Rollback(r.ctx, "lines", 2))
			return 2
		},
		"by a replay": func(r *rig) uint64 {
			must(r.t, r.engine.Replay(r.ctx, "lines"))
			return 3
		},
		"by a reset": func(r *rig) uint64 {
			must(r.t, r.engine.Reset(r.ctx, "lines"))
			return 4
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := changed(t, newLog(t, all))
			must(t, r.engine.Rollback(t.Context(), "lines", 1))
			r.wantLines(all)
			generation := end(r)
			for range 2 {
				if s := r.status("lines"); s.Generation != generation || s.Change != nil {
					t.Errorf("status %+v, change %+v", s, s.Change)
				}
				r.wantLines(without(all, "file_deleted"))
				r.close()
				r.open()
				r.catchUp()
			}
		})
	}
}

// A resident projection's generation has its own snapshot and module.
func TestRollbackOfAResidentProjection(t *testing.T) {
	all := history(300)
	log := newLog(t, all[:100])
	r := newRig(t, log, commits())
	r.opts.OpenPlugin = openAny
	r.open()
	r.catchUp()
	r.close()
	before := r.specs[0]
	r.specs[0].Projection.SHA256 = "another"
	r.open()
	appendTo(t, log, all[100:200])
	r.catchUp()
	if s := r.status("commits"); s.Generation != 2 || s.Module != "sha256:another" {
		t.Errorf("status %+v", s)
	}
	must(t, r.engine.Rollback(t.Context(), "commits", 0))
	if s := r.status("commits"); s.Generation != 1 || s.Module == "sha256:another" || s.Position != 200 {
		t.Errorf("status %+v", s)
	}
	r.wantState("commits", wantCommits(all[:200]))
	r.close()
	r.specs[0] = before // what serves is what is declared again
	r.open()
	if s := r.status("commits"); s.Generation != 1 || s.Change != nil {
		t.Errorf("status %+v", s)
	}
	appendTo(t, log, all[200:])
	r.catchUp()
	r.wantState("commits", wantCommits(all))
}

// What cannot be rolled back to leaves what serves as it is.
func TestRollbackRefused(t *testing.T) {
	all := history(120)
	r := changed(t, newLog(t, all))
	r.start()
	r.untilLive("lines", 120)
	var none *engine.NotKeptError
	for _, n := range []uint64{2, 3, 99} {
		if err := r.engine.Rollback(t.Context(), "lines", n); !errors.As(err, &none) || none.Generation != n {
			t.Errorf("rolling back to %d: %v", n, err)
		}
		if err := r.engine.DropGeneration(t.Context(), "lines", n); !errors.As(err, &none) || none.Generation != n {
			t.Errorf("dropping %d: %v", n, err)
		}
	}
	must(t, r.engine.DropGeneration(t.Context(), "lines", 1))
	if err := r.engine.Rollback(t.Context(), "lines", 0); !errors.As(err, &none) || none.Generation != 0 {
		t.Errorf("where none is kept: %v", err)
	}
	wantTables(t, r, "_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir")
	if got := r.generations("lines"); !slices.Equal(got, []uint64{2}) {
		t.Errorf("generations %v", got)
	}
	r.wantLines(without(all, "file_deleted"))
	must(t, r.engine.Pause(t.Context(), "lines", ""))
	wantRefused(t, r.engine.Rollback(t.Context(), "lines", 0), engine.Paused, "paused")
	r.close()

	// A module that is another by now.
	r = newRig(t, newLog(t, all), another())
	r.opts.OpenPlugin = openAny
	r.open()
	r.catchUp()
	r.close()
	r.specs[0] = lines()
	r.open()
	r.catchUp()
	r.close()
	r.opts.OpenPlugin = openPlugin
	r.open()
	r.catchUp()
	var gone *engine.GoneError
	if err := r.engine.Rollback(t.Context(), "lines", 0); !errors.As(err, &gone) || gone.Generation != 1 {
		t.Errorf("rolling back to a module that is gone: %v", err)
	}
	if s := r.status("lines"); s.Generation != 2 || s.Change != nil {
		t.Errorf("status %+v", s)
	}
	r.wantLines(all)

	r.close()
	r.opts.Catalog = "another"
	r.open()
	r.catchUp()
	if err := r.engine.Rollback(t.Context(), "lines", 2); !errors.As(err, &gone) {
		t.Errorf("rolling back to another catalog: %v", err)
	}
	r.wantLines(all)
}

// Where an executor keeps nothing but what serves, the pipeline keeps nothing.
func TestExecutorsThatKeepNothing(t *testing.T) {
	all := history(60)
	r := newRig(t, newLog(t, all), lines())
	r.opts.OpenExecutor = func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		x, err := openExecutor(r.dir)(ctx, spec, pipeline, generation)
		return struct{ engine.Executor }{x}, err
	}
	r.open()
	r.catchUp()
	must(t, r.engine.Replay(t.Context(), "lines"))
	if got := r.generations("lines"); !slices.Equal(got, []uint64{2}) {
		t.Errorf("generations %v", got)
	}
	var none *engine.NotKeptError
	if err := r.engine.Rollback(t.Context(), "lines", 0); !errors.As(err, &none) {
		t.Errorf("rolling back: %v", err)
	}
	wantTables(t, r, "_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir")
	r.wantLines(all)
}

// A rollback that fails while it catches up leaves what serves, and what it has been
// rolling back to can be tried again.
func TestARollbackThatFails(t *testing.T) {
	all := history(300)
	log := newLog(t, all[:100])
	r := changed(t, log)
	appendTo(t, log, all[100:])
	r.catchUp()
	r.close()
	r.opts.BatchSize = 20
	failing := failAt(200)
	failing.execute = func(x *meddler, ctx context.Context, b effect.Batch) error {
		if x.generation == 1 && b.Through > 200 {
			return errSink
		}
		return x.Executor.Execute(ctx, b)
	}
	r.meddle(failing)
	r.open()
	r.start()
	r.untilLive("lines", 300)
	if err := r.engine.Rollback(t.Context(), "lines", 0); !errors.Is(err, errSink) {
		t.Errorf("error %v", err)
	}
	r.untilLive("lines", 300)
	r.wantLines(without(all, "file_deleted"))
	if s := r.status("lines"); s.Generation != 2 || s.Change != nil || s.Jobs != nil {
		t.Errorf("status %+v", s)
	}
	r.close()
	r.opts.OpenExecutor = nil
	r.open()
	if s := r.status("lines"); s.Generation != 2 || s.Change != nil {
		t.Errorf("status %+v", s)
	}
	must(t, r.engine.Rollback(t.Context(), "lines", 0))
	r.wantLines(all)
}

// The policy keeps the latest ones that have served, and those for as long as it says.
func TestGenerationsThatAreKept(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := newRig(t, newLog(t, history(60)), lines())
	r.specs[0].Generations.Keep = new(2)
	r.opts.Now = func() time.Time { return now }
	r.open()
	r.catchUp()
	want := func(numbers ...uint64) {
		t.Helper()
		if d := cmp.Diff(numbers, r.generations("lines")); d != "" {
			t.Errorf("generations (-want +got):\n%s", d)
		}
		tables := []string{"_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir"}
		for _, g := range numbers[:len(numbers)-1] {
			tables = append(tables, "lines_by_dir__g"+string(rune('0'+g)))
		}
		wantTables(t, r, tables...)
	}
	for range 4 {
		now = now.Add(time.Hour)
		must(t, r.engine.Replay(t.Context(), "lines"))
	}
	want(3, 4, 5)
	list, err := r.engine.Generations("lines")
	must(t, err)
	if g := list[2]; !g.Serves || !g.Made.Equal(now) || g.Position != 60 || g.Module == "" || !g.Until.IsZero() {
		t.Errorf("the one that serves: %+v", g)
	}
	if g := list[0]; g.Serves || !g.Until.Equal(now.Add(-time.Hour)) {
		t.Errorf("one that is kept: %+v", g)
	}
	r.close()
	r.specs[0].Generations.For = config.Duration(90 * time.Minute)
	now = now.Add(50 * time.Minute)
	r.open()
	want(4, 5)
	r.close()
	now = now.Add(time.Hour)
	r.open()
	want(5)
	r.close()
	r.specs[0].Generations = config.Generations{Keep: new(0)}
	r.open()
	must(t, r.engine.Replay(t.Context(), "lines"))
	want(6)
}

// While an engine runs, what has been kept for long enough goes.
func TestAGenerationExpires(t *testing.T) {
	r := newRig(t, newLog(t, history(60)), lines())
	r.specs[0].Generations.For = config.Duration(time.Millisecond)
	r.open()
	r.start()
	r.untilLive("lines", 60)
	must(t, r.engine.Replay(t.Context(), "lines"))
	for end := time.Now().Add(patience); len(r.generations("lines")) > 1; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not go")
		}
	}
	r.untilLive("lines", 60)
}

// rollbackPictures rolls a pipeline back and takes pictures of its directory before and
// after the sink is swapped.
func rollbackPictures(t *testing.T, log engine.Log) (half, before, after picture) {
	t.Helper()
	r := changed(t, log)
	r.close()
	r.meddle(meddler{activate: func(x *meddler, ctx context.Context) error {
		before = takePicture(t, r.dir)
		err := x.Executor.Activate(ctx)
		after = takePicture(t, r.dir)
		return err
	}})
	half = takePicture(t, r.dir)
	r.open()
	must(t, r.engine.Rollback(t.Context(), "lines", 0))
	r.close()
	return half, before, after
}

// Whatever a crash has left of a rollback, the next start goes on with one of the two.
func TestACrashWhileRollingBack(t *testing.T) {
	all := history(150)
	log := newLog(t, all)
	half, before, after := rollbackPictures(t, log)
	fewer := without(all, "file_deleted")
	for _, c := range []struct {
		name       string
		left       picture
		generation uint64
		want       []event.Event
	}{
		{"before it", half, 2, fewer},
		{"before the sink's swap", before, 1, all},
		{"after the sink's swap", after, 1, all},
	} {
		for name, declared := range map[string]config.Pipeline{"": narrowed(), ", and it is declared as before again": lines()} {
			t.Run(c.name+name, func(t *testing.T) {
				r := newRig(t, log, declared)
				c.left.develop(t, r.dir)
				r.seen.strange = true
				r.open()
				if s := r.status("lines"); s.Generation != c.generation {
					t.Errorf("generation %d, want %d", s.Generation, c.generation)
				}
				r.wantLines(c.want)
				r.catchUp()
				if name != "" {
					r.wantLines(all)
					return
				}
				r.wantLines(c.want)
				if c.generation == 1 {
					r.wantRolledBack(1, 2)
				}
				must(t, r.engine.Rollback(t.Context(), "lines", 0))
				must(t, r.engine.Rollback(t.Context(), "lines", 0))
				r.wantLines(c.want)
			})
		}
	}
}
