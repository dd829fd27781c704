package engine_test

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/eventstore/memory"
)

// wantRefused checks an error of the lifecycle.
func wantRefused(t testing.TB, err error, state engine.State, rule string) {
	t.Helper()
	var no *engine.RefusedError
	if !errors.As(err, &no) || no.State != state || no.Rule != rule || no.Reason == "" {
		t.Errorf("error %v, want it refused in %s by %s", err, state, rule)
	}
}

// A paused pipeline ends behind a checkpoint, serves what it has, and goes on
// from there when it is resumed, without an event folded twice (as the witness
// sees); the others go on.
func TestPauseAndResume(t *testing.T) {
	all := history(400)
	log := newLog(t, all[:200])
	r := newRig(t, log, lines(), commits())
	r.opts.CheckpointEvery = time.Hour
	r.open()
	r.start()
	r.untilLive("lines", 200)
	r.untilLive("commits", 200)
	for _, p := range []string{"lines", "commits"} {
		must(t, r.engine.Pause(t.Context(), p, "moving the disk"))
		wantRefused(t, r.engine.Pause(t.Context(), p, ""), engine.Paused, "already_paused")
		wantRefused(t, r.engine.Replay(t.Context(), p), engine.Paused, "paused")
		s := r.status(p)
		if s.State != engine.Paused || s.Position != 200 || s.Reason != "moving the disk" || s.Error != "" || s.Since.IsZero() {
			t.Errorf("paused: %+v", s)
		}
	}
	appendTo(t, log, all[200:])
	r.wantLines(all[:200])
	r.wantState("commits", wantCommits(all[:200]))
	must(t, r.engine.Resume(t.Context(), "commits"))
	r.untilLive("commits", 400)
	if s := r.status("lines"); s.State != engine.Paused || s.Position != 200 || s.Lag != 200 {
		t.Errorf("beside one that goes on: %+v", s)
	}
	must(t, r.engine.Resume(t.Context(), "lines"))
	r.untilLive("lines", 400)
	wantRefused(t, r.engine.Resume(t.Context(), "lines"), engine.Live, "not_held")
	r.wantLines(all)
	r.wantState("commits", wantCommits(all))
	want := []engine.State{engine.Loading, engine.CatchingUp, engine.Live, engine.Paused, engine.Stopped, engine.Loading, engine.CatchingUp, engine.Live}
	if d := cmp.Diff(want, r.seen.statesOf("lines")); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
}

// A pause outlives the engine, however that ends: neither a catch-up nor a run
// folds, and no executor is opened.
func TestAPauseOutlivesTheEngine(t *testing.T) {
	all := history(300)
	log := newLog(t, all[:100])
	r := newRig(t, log, lines())
	r.open()
	r.start()
	r.untilLive("lines", 100)
	must(t, r.engine.Pause(t.Context(), "lines", "for now"))
	since := r.status("lines").Since
	left := takePicture(t, r.dir) // as a kill at this moment leaves it
	r.close()
	appendTo(t, log, all[100:])

	for _, killed := range []bool{false, true} {
		next := newRig(t, log, lines(), commits())
		if next.dir = r.dir; killed {
			next.dir = t.TempDir()
			left.develop(t, next.dir)
		}
		unreachable := errors.New("unreachable")
		next.opts.OpenExecutor = func(context.Context, config.Executor, string, uint64) (engine.Executor, error) {
			return nil, unreachable
		}
		next.seen.strange = true
		next.open()
		next.catchUp()
		next.start()
		next.untilLive("commits", 300)
		s := next.status("lines")
		if s.State != engine.Paused || s.Position != 100 || s.Lag != 200 || s.Reason != "for now" || !s.Since.Equal(since) {
			t.Errorf("in the next engine: %+v", s)
		}
		next.wantLines(all[:100])
		if err := next.engine.Resume(t.Context(), "lines"); !errors.Is(err, unreachable) {
			t.Errorf("resumed beside a sink that is not there: %v", err)
		}
		if s := next.status("lines"); s.State != engine.Faulted || !strings.Contains(s.Error, "unreachable") {
			t.Errorf("after that: %+v", s)
		}
		must(t, next.engine.Pause(t.Context(), "lines", "again"))
		next.close()

		next.opts.OpenExecutor = nil
		next.open()
		if s := next.status("lines"); s.Reason != "again" || !strings.Contains(s.Error, "unreachable") {
			t.Errorf("a pause that found a fault: %+v", s)
		}
		must(t, next.engine.Resume(t.Context(), "lines"))
		if s := next.status("lines"); s.State != engine.Stopped || s.Error != "" || !s.Since.IsZero() {
			t.Errorf("resumed while nothing runs: %+v", s)
		}
		next.catchUp()
		next.wantLines(all)
	}
}

// A fault is tried again when somebody says so, from the last checkpoint, and
// what was shown of it is shown while no engine runs.
func TestResumeOfAFault(t *testing.T) {
	all := history(300)
	log := newLog(t, all[:100])
	for _, spec := range []config.Pipeline{lines(), moody()} {
		t.Run(spec.Name, func(t *testing.T) {
			r := newRig(t, log, spec)
			r.opts.BatchSize = 10
			var broken atomic.Bool
			r.meddle(meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
				if broken.Load() && b.Through > 50 {
					return errSink
				}
				return x.Executor.Execute(ctx, b)
			}})
			broken.Store(true)
			r.open()
			r.start()
			r.until(spec.Name, "faulted", func(s engine.Status) bool { return s.State == engine.Faulted })
			must(t, r.engine.Resume(t.Context(), spec.Name))
			s := r.until(spec.Name, "faulted again", func(s engine.Status) bool {
				return s.State == engine.Faulted && len(r.seen.faultsOf(spec.Name)) > 1
			})
			if len(r.seen.faultsOf(spec.Name)) != 2 || !strings.Contains(s.Error, errSink.Error()) || s.Since.IsZero() {
				t.Errorf("faults %v, status %+v", r.seen.faultsOf(spec.Name), s)
			}
			r.close()
			kept := r.remembered(spec)
			if left := kept.Status(100); left.State != engine.Faulted || left.Error != s.Error || !left.Since.Equal(s.Since) {
				t.Errorf("without an engine: %+v", left)
			}
			must(t, kept.Close(t.Context()))

			r.open()
			r.start()
			r.until(spec.Name, "faulted in the next engine", func(s engine.Status) bool { return s.State == engine.Faulted })
			broken.Store(false)
			must(t, r.engine.Resume(t.Context(), spec.Name))
			r.untilLive(spec.Name, 100)
			undisturbed := newRig(t, log, spec)
			undisturbed.open()
			undisturbed.catchUp()
			if got, want := r.state(spec.Name), undisturbed.state(spec.Name); got != want {
				t.Errorf("state %s, want %s", got, want)
			}
			table := spec.Executors[0].SQLite.Tables[0].Name
			r.wantRows(table, rowsOf(t, undisturbed.dir, table))
			if s := r.status(spec.Name); s.Error != "" {
				t.Errorf("mended: %+v", s)
			}
		})
	}
}

// What stops a pipeline while an executor tries again does not make a fault of that: it
// goes on from there, whatever has stopped it. Where an executor has given up, it is one.
func TestStopsBesideAnExecutorThatTriesAgain(t *testing.T) {
	all := history(200)
	log := newLog(t, all[:100])
	r := newRig(t, log, lines())
	var away atomic.Bool
	r.meddle(meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
		if away.Load() && b.Through > 100 {
			return &effect.RetryError{Err: errSink}
		}
		return x.Executor.Execute(ctx, b)
	}})
	spec := lines()
	spec.Executors[0].Retry = config.Retry{Attempts: 1000, First: config.Duration(time.Hour), Longest: config.Duration(time.Hour)}
	r.specs = []config.Pipeline{spec}
	r.open()
	r.start()
	r.untilLive("lines", 100)
	away.Store(true)
	appendTo(t, log, all[100:])
	for what, stop := range map[string]func(){
		"a reload": func() {
			spec.Executors[0].Retry.Attempts++
			r.reload(spec)
		},
		"a pause": func() {
			must(t, r.engine.Pause(t.Context(), "lines", ""))
			must(t, r.engine.Resume(t.Context(), "lines"))
		},
		"a retry of dead letters": func() { must(t, r.engine.Retry(t.Context(), "lines", engine.Choice{})) },
		"the engine's end":        func() { r.stop(); r.start() },
	} {
		r.until("lines", "trying again before "+what, func(s engine.Status) bool {
			return len(s.Executors) > 0 && strings.Contains(s.Executors[0].Error, errSink.Error())
		})
		stop()
		if s := r.status("lines"); s.State == engine.Faulted || s.Error != "" || s.Position != 100 || r.seen.faultsOf("lines") != nil {
			t.Errorf("behind %s: %+v, faults %v", what, s, r.seen.faultsOf("lines"))
		}
	}
	away.Store(false)
	r.stop() // and with it the pause
	r.start()
	r.untilLive("lines", 200)
	r.wantLines(all)
}

// remembered opens what a pipeline remembers while its engine is closed.
func (r *rig) remembered(spec config.Pipeline) *engine.Kept {
	r.t.Helper()
	k, err := engine.OpenKept(r.t.Context(), r.states(), spec, nil)
	must(r.t, err)
	return k
}

// stalling is a log whose feed stops half-way for who reads it from the
// beginning, until its reader gives up.
type stalling struct {
	*memory.Store
	stalls  atomic.Bool
	reached chan struct{}
}

func (l *stalling) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	if after > 0 || !l.stalls.Load() {
		return l.Store.Follow(ctx, after)
	}
	return func(yield func([]event.Recorded, error) bool) {
		events, err := l.ReadAll(ctx, 1, 100)
		if !yield(events, err) {
			return
		}
		l.reached <- struct{}{}
		<-ctx.Done()
	}
}

// A pause does not wait for a rebuild, which leaves no trace; a resume begins it
// again where nothing else serves.
func TestAPauseCallsARebuildOff(t *testing.T) {
	all := history(300)
	for name, changed := range map[string]bool{"that was asked for": false, "that a change makes": true} {
		t.Run(name, func(t *testing.T) {
			log := &stalling{Store: newLog(t, all), reached: make(chan struct{}, 1)}
			r := newRig(t, log, lines())
			r.open()
			r.catchUp()
			want, tables := all, []string{"_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir"}
			if changed {
				r.close()
				narrow(r)
				want, tables = without(all, "file_deleted"), append(tables, "lines_by_dir__g1")
				r.open()
			}
			log.stalls.Store(true)
			r.start()
			replayed := make(chan error, 1)
			if !changed {
				r.untilLive("lines", 300)
				go func() { replayed <- r.engine.Replay(context.Background(), "lines") }()
			}
			<-log.reached
			must(t, r.engine.Pause(t.Context(), "lines", ""))
			if s := r.status("lines"); s.State != engine.Paused || s.Jobs != nil {
				t.Errorf("paused: %+v", s)
			}
			if !changed {
				if err := <-replayed; err == nil || !strings.HasSuffix(err.Error(), "the pipeline is paused") {
					t.Errorf("the replay: %v", err)
				}
			}
			r.wantLines(all)
			log.stalls.Store(false)
			must(t, r.engine.Resume(t.Context(), "lines"))
			r.untilBuilt("lines", 300)
			r.wantLines(want)
			r.close()
			wantTables(t, r, tables...)
		})
	}
}

// Without an engine the same is asked of what the pipeline remembers.
func TestHeldWithoutAnEngine(t *testing.T) {
	all := history(50)
	r := newRig(t, newLog(t, all), lines())
	at := time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
	kept := r.remembered(lines())
	if s := kept.Status(50); s.State != engine.Declared || s.Lag != 50 {
		t.Errorf("before the first run: %+v", s)
	}
	_, err := kept.Resume(at)
	wantRefused(t, err, engine.Declared, "not_held")
	step, err := kept.Pause("not yet", at)
	must(t, err)
	if want := (engine.Transition{Pipeline: "lines", From: engine.Declared, To: engine.Paused, By: "pause", At: at, Reason: "not yet"}); step != want {
		t.Errorf("transition %+v, want %+v", step, want)
	}
	_, err = kept.Pause("", at)
	wantRefused(t, err, engine.Paused, "already_paused")
	must(t, kept.Close(t.Context()))

	r.open()
	r.catchUp()
	if s := r.status("lines"); s.State != engine.Paused || s.Reason != "not yet" || !s.Since.Equal(at) || s.Position != 0 {
		t.Errorf("the first run: %+v", s)
	}
	r.close()
	kept = r.remembered(lines())
	_, err = kept.Resume(at)
	must(t, err)
	must(t, kept.Close(t.Context()))
	r.open()
	r.catchUp()
	r.wantLines(all)
}

// Without a run, what has been paused and resumed is served still, from what can only
// be read: a replay that fails beside it is no fault of the pipeline.
func TestAReplayThatFailsBesideWhatWasPaused(t *testing.T) {
	all := history(100)
	r := newRig(t, newLog(t, all[:60]), lines())
	var broken atomic.Bool
	r.meddle(meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
		if broken.Load() {
			return errSink
		}
		return x.Executor.Execute(ctx, b)
	}})
	r.open()
	r.catchUp()
	must(t, r.engine.Pause(t.Context(), "lines", ""))
	must(t, r.engine.Resume(t.Context(), "lines"))
	broken.Store(true)
	if err := r.engine.Replay(t.Context(), "lines"); !errors.Is(err, errSink) {
		t.Errorf("a replay beside a broken sink: %v", err)
	}
	if s := r.status("lines"); s.State != engine.Stopped || s.Error != "" || s.Position != 60 {
		t.Errorf("after a replay that failed: %+v", s)
	}
	r.wantState("lines", wantLines(all[:60]))
	broken.Store(false)
	must(t, r.engine.Replay(t.Context(), "lines"))
	r.wantLines(all[:60])
}

// A pipeline that the configuration has no more is shown and left alone, and
// goes on where it was when the configuration has it again. A pause is not
// forgotten over that.
func TestARetiredPipeline(t *testing.T) {
	all := history(100)
	log := newLog(t, all[:50])
	r := newRig(t, log, lines(), commits())
	r.open()
	r.catchUp()
	must(t, r.engine.Pause(t.Context(), "commits", ""))
	r.close()
	appendTo(t, log, all[50:])

	r.specs, r.opts.Retired = nil, []config.Pipeline{lines(), commits()}
	for range 2 {
		r.open()
		if s := r.status("lines"); s.State != engine.Retired || s.Position != 50 || s.Lag != 50 || s.Since.IsZero() {
			t.Errorf("retired: %+v", s)
		}
		if s := r.status("commits"); s.State != engine.Paused {
			t.Errorf("paused before: %+v", s)
		}
		wantRefused(t, r.engine.Pause(t.Context(), "lines", ""), engine.Retired, "retired")
		r.close()
	}
	if n := len(r.seen.statesOf("lines")); n != 4 { // loading, catching_up, stopped, retired
		t.Errorf("%d transitions", n)
	}
	r.specs, r.opts.Retired = []config.Pipeline{lines(), commits()}, nil
	r.open()
	r.catchUp()
	r.wantLines(all)
	if s := r.status("commits"); s.State != engine.Paused || s.Position != 50 {
		t.Errorf("paused before: %+v", s)
	}
}

// What is remembered of a life is believed only if it is what was written.
func TestALifeThatIsNotKnown(t *testing.T) {
	r := newRig(t, newLog(t, nil), lines())
	r.open()
	r.close()
	store, err := checkpoint.Open(filepath.Join(r.states(), "lines", "state.db"))
	must(t, err)
	must(t, store.SetLife(checkpoint.Life{State: "live"}))
	must(t, store.Close())
	if err := r.unopened("lines"); !strings.HasSuffix(err.Error(), `"live" is no state that it can have been left in`) {
		t.Errorf("error %v", err)
	}
}
