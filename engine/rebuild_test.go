package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

// rebranded is a plugin whose code has another digest.
type rebranded struct{ engine.Plugin }

func (rebranded) Digest() string { return "sha256:another" }

// another is the pipeline lines with another module, which openAny opens.
func another() config.Pipeline {
	p := lines()
	p.Projection.SHA256 = "another"
	return p
}

// openAny opens a guest, or what another asks for.
func openAny(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
	p, err := openPlugin(ctx, spec)
	if err != nil || spec.SHA256 != "another" {
		return p, err
	}
	return rebranded{p}, nil
}

// narrowed is the pipeline lines without deletions of files.
func narrowed() config.Pipeline {
	p := lines()
	p.Source.Events = []string{"file_added", "file_modified"}
	return p
}

// retyped is the pipeline lines with another type of column.
func retyped() config.Pipeline {
	p := lines()
	p.Executors[0].SQLite.Tables[0].Columns[3].Type = "real"
	return p
}

func without(events []event.Event, typ string) []event.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e event.Event) bool { return e.Type == typ })
}

// A pipeline that depends on something else than before is rebuilt at its
// start, whether it catches up or runs, and what was there serves meanwhile.
func TestAChangedPipelineIsRebuilt(t *testing.T) {
	all := history(200)
	for name, change := range map[string]func(r *rig) (check func()){
		"module": func(r *rig) func() {
			r.specs[0] = another()
			return func() {
				r.wantLines(all)
				if s := r.status("lines"); s.Module != "sha256:another" {
					r.t.Errorf("module %s", s.Module)
				}
			}
		},
		"source": func(r *rig) func() {
			r.specs[0] = narrowed()
			return func() { r.wantLines(without(all, "file_deleted")) }
		},
		"limits": func(r *rig) func() {
			r.specs[0].Projection.MemoryPages = 2048
			return func() { r.wantLines(all) }
		},
		"catalog": func(r *rig) func() {
			r.opts.Catalog = "another"
			return func() { r.wantLines(all) }
		},
		"columns": func(r *rig) func() {
			r.specs[0] = retyped()
			return func() {
				types := query(r.t, r.dir, "lines_by_dir", "SELECT type FROM pragma_table_info('lines_by_dir') WHERE name = 'changes'")
				if len(types) != 1 || !strings.EqualFold(types[0], "real") {
					r.t.Errorf("the column is %v", types)
				}
			}
		},
	} {
		for _, live := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				r := newRig(t, newLog(t, all), lines())
				r.opts.OpenPlugin = openAny
				r.open()
				r.catchUp()
				r.close()
				check := change(r)
				r.open()
				if s := r.status("lines"); s.Generation != 1 || s.Position != 200 || s.Change == nil || s.Change.Policy != "rebuild" || !s.Covered() {
					t.Errorf("before the rebuild: %+v", s)
				}
				r.wantLines(all)
				if live {
					r.start()
					r.untilBuilt("lines", 200)
				} else {
					r.catchUp()
				}
				check()
				r.close()
				r.wantGenerations("lines", 1, 2)
				r.open() // is no change again
				if s := r.status("lines"); s.Generation != 2 || s.Position != 200 || s.Change != nil {
					t.Errorf("after another start: %+v", s)
				}
			})
		}
	}
}

// Where the code of what serves is not to be had any more, its tables serve alone while
// the new read model is built.
func TestAModuleThatIsGone(t *testing.T) {
	all := history(200)
	r := newRig(t, newLog(t, all), another())
	r.opts.OpenPlugin = openAny
	r.open()
	r.catchUp()
	r.close()
	r.opts.OpenPlugin = openPlugin
	r.open()
	if s := r.status("lines"); s.Generation != 0 || s.Lag != 200 || s.Change == nil || !s.Covered() {
		t.Errorf("before the rebuild: %+v", s)
	}
	if _, err := r.engine.State(t.Context(), "lines", nil); err == nil {
		t.Error("there is a state before the rebuild")
	}
	r.wantRows("lines_by_dir", wantRowsOf(all))
	r.start()
	r.untilBuilt("lines", 200)
	r.wantLines(all)
	want := []engine.State{engine.Loading, engine.CatchingUp, engine.Stopped, engine.Loading, engine.Rebuilding, engine.CatchingUp}
	if got := r.seen.statesOf("lines"); !slices.Equal(got[:6], want) {
		t.Errorf("states %v, want to begin with %v", got, want)
	}
}

// While the new read model is built the old one folds on, by its own declaration.
func TestTheOldOneFoldsOnWhileTheNewOneIsBuilt(t *testing.T) {
	all := history(300)
	log := newLog(t, all[:100])
	r := newRig(t, log, lines())
	r.opts.OpenPlugin = openAny
	r.open()
	r.catchUp()
	r.close()

	p := another()
	p.Source.Events = narrowed().Source.Events
	r.specs[0] = p
	held := make(chan struct{})
	r.meddle(meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
		if x.generation == 2 {
			<-held
		}
		return x.Executor.Execute(ctx, b)
	}})
	r.open()
	r.start()
	appendTo(t, log, all[100:200])
	s := r.until("lines", "live beside a build", func(s engine.Status) bool {
		return s.State == engine.Live && s.Position == 200 && len(s.Jobs) > 0 && s.Jobs[0].Generation != 0
	})
	if s.Generation != 1 || s.Jobs[0].Generation != 2 || s.Module == "sha256:another" {
		t.Errorf("status %+v", s)
	}
	r.wantLines(all[:200])
	close(held)
	appendTo(t, log, all[200:])
	r.untilBuilt("lines", 300)
	r.wantLines(without(all, "file_deleted"))
}

// What does not change the read model does not rebuild it.
func TestAPipelineThatMovesIsNotRebuilt(t *testing.T) {
	r := newRig(t, newLog(t, history(50)), commits())
	r.open()
	r.catchUp()
	r.close()
	r.specs[0].Projection.SHA256 = "pinned"
	r.open()
	if s := r.status("commits"); s.Generation != 1 || s.Position != 50 {
		t.Errorf("status %+v", s)
	}
}

// A rebuild at the start that fails leaves what was there to its readers.
func TestARebuildThatFails(t *testing.T) {
	all := history(200)
	r := newRig(t, newLog(t, all), lines(), commits())
	r.opts.BatchSize = 50
	r.open()
	r.catchUp()
	r.close()
	rows := rowsOf(t, r.dir, "lines_by_dir")

	r.specs[0] = narrowed()
	var broken atomic.Bool
	broken.Store(true)
	r.meddle(meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
		if x.generation > 1 && broken.Load() && b.Through > 100 {
			return errSink
		}
		return x.Executor.Execute(ctx, b)
	}})
	r.open()
	r.start()
	failed := func(s engine.Status) bool {
		return s.Change != nil && strings.Contains(s.Change.Error, errSink.Error())
	}
	r.until("lines", "told of the failure", failed)
	r.untilLive("lines", 200)
	r.untilLive("commits", 200)
	r.wantRows("lines_by_dir", rows)
	if err := r.engine.Replay(t.Context(), "lines"); !errors.Is(err, errSink) {
		t.Errorf("replaying: %v", err)
	}
	if s := r.status("lines"); s.Generation != 1 || !failed(s) {
		t.Errorf("after another failure: %+v", s)
	}
	r.wantLines(all)
	broken.Store(false)
	must(t, r.engine.Replay(t.Context(), "lines"))
	r.untilBuilt("lines", 200)
	r.wantLines(without(all, "file_deleted"))
}

// A rebuild that is called off is no fault.
func TestARebuildThatIsCalledOff(t *testing.T) {
	all := history(200)
	r := newRig(t, newLog(t, all), lines())
	r.opts.BatchSize = 50
	r.open()
	r.catchUp()
	r.close()
	r.specs[0] = narrowed()
	ctx, cancel := context.WithCancel(t.Context())
	r.opts.Observer.Folded = func(string, uint64, event.Position, int, int) { cancel() }
	r.open()
	if err := r.engine.CatchUp(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if s := r.status("lines"); s.State != engine.Stopped || s.Error != "" || len(r.seen.faultsOf("lines")) > 0 {
		t.Errorf("status %+v, faults %v", s, r.seen.faultsOf("lines"))
	}
	r.catchUp()
	r.wantLines(without(all, "file_deleted"))
}

// A sink that has lost what the state includes is filled again.
func TestASinkThatIsGone(t *testing.T) {
	all := history(200)
	for _, replayed := range []bool{false, true} {
		r := newRig(t, newLog(t, all), lines())
		r.open()
		r.catchUp()
		if replayed { // so that the state is of a later generation
			must(t, r.engine.Replay(t.Context(), "lines"))
		}
		r.close()
		deleteSink(t, r)
		r.seen = newWitness()
		r.open()
		if s := r.status("lines"); s.Position != 0 {
			t.Errorf("position %d beside an empty sink", s.Position)
		}
		r.catchUp()
		r.wantLines(all)
	}
}

func deleteSink(t *testing.T, r *rig) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "lines_by_dir.db*"))
	must(t, err)
	for _, f := range files {
		must(t, os.Remove(f))
	}
}

// A state that is gone does not take over a sink that another module may have
// filled.
func TestAStateThatIsGone(t *testing.T) {
	all := history(200)
	r := newRig(t, newLog(t, all), narrowed())
	r.open()
	r.catchUp()
	r.close()
	must(t, os.RemoveAll(r.states()))
	r.specs[0] = lines()
	r.seen = newWitness()
	r.open()
	r.catchUp()
	r.wantLines(all)
	if s := r.status("lines"); s.Generation != 2 {
		t.Errorf("generation %d, want 2", s.Generation)
	}
}

// An engine loads all or nothing.
func TestAnEngineThatDoesNotOpen(t *testing.T) {
	r := newRig(t, newLog(t, nil), lines(), commits())
	r.specs[1].Projection.WASM = "no such file"
	if err := r.tryOpen(); err == nil || !strings.Contains(err.Error(), "pipeline commits: loading its projection: ") {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(r.states()); !os.IsNotExist(err) {
		t.Errorf("a pipeline's state was made: %v", err)
	}
}
