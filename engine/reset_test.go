package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

// A reset empties what readers see at once, and builds it again, from whatever
// state; of what was there before nothing is left.
func TestReset(t *testing.T) {
	all := history(300)
	for _, state := range []engine.State{engine.Live, engine.Paused, engine.Faulted} {
		t.Run(string(state), func(t *testing.T) {
			log := &stalling{Store: newLog(t, all[:200]), reached: make(chan struct{}, 1)}
			r := newRig(t, log, lines(), commits())
			broken := false
			r.meddle(meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
				if broken {
					return errSink
				}
				return x.Executor.Execute(ctx, b)
			}})
			r.open()
			r.catchUp()
			broken = state == engine.Faulted
			r.start()
			r.untilLive("commits", 200)
			r.untilLive("lines", 200)
			if state == engine.Paused {
				must(t, r.engine.Pause(t.Context(), "lines", ""))
			}
			appendTo(t, log, all[200:])
			if state == engine.Faulted {
				r.until("lines", "faulted", func(s engine.Status) bool { return s.State == engine.Faulted })
				broken = false
			}
			log.stalls.Store(true)
			done := make(chan error, 1)
			go func() { done <- r.engine.Reset(context.Background(), "lines") }()
			<-log.reached
			r.wantRows("lines_by_dir", []string{})
			if s := r.status("lines"); s.State != engine.Rebuilding || s.Error != "" || s.Generation != 0 {
				t.Errorf("while it is reset: %+v", s)
			}
			if _, err := r.engine.State(t.Context(), "lines", nil); err == nil || err.Error() != "pipeline lines: its read model is being rebuilt" {
				t.Errorf("state: %v", err)
			}
			log.stalls.Store(false)
			must(t, r.engine.Pause(t.Context(), "lines", "")) // calls the rebuild off
			if err := <-done; err == nil {
				t.Error("a reset that was called off ends without an error")
			}
			r.wantRows("lines_by_dir", []string{})
			must(t, r.engine.Resume(t.Context(), "lines"))
			r.untilLive("lines", 300)
			r.wantLines(all)
			r.untilLive("commits", 300)
			if s := r.status("commits"); s.Generation != 1 {
				t.Errorf("the other pipeline: %+v", s)
			}
			must(t, r.engine.Reset(t.Context(), "lines"))
			r.untilLive("lines", 300)
			r.wantLines(all)
			r.close()
			wantTables(t, r, "_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir")
			r.wantGenerations("lines", 6) // two for each reset, one for the rebuild that was called off
		})
	}
}

// Without a run under way a reset comes back when the new read model is there.
func TestResetAlone(t *testing.T) {
	all := history(200)
	r := newRig(t, newLog(t, all), lines(), moody())
	r.open()
	r.catchUp()
	want := r.outcome()
	for _, p := range []string{"lines", "moody"} {
		must(t, r.engine.Pause(t.Context(), p, ""))
		must(t, r.engine.Reset(t.Context(), p))
		if s := r.status(p); s.State != engine.Stopped || s.Position != 200 || s.Generation != 3 {
			t.Errorf("after the reset: %+v", s)
		}
	}
	if got := r.outcome(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("read models %v, want %v", got, want)
	}
}

// A reset that cannot empty the sink throws nothing away, and what it has begun
// is mended by a resume.
func TestAResetThatFails(t *testing.T) {
	all := history(200)
	refused := errors.New("refused")
	for name, at := range map[string]string{"opening": "open", "before the sink's swap": "before", "after the sink's swap": "after"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, newLog(t, all), lines())
			failing := ""
			r.opts.OpenExecutor = func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
				if failing == "open" {
					return nil, refused
				}
				x, err := openExecutor(r.dir)(ctx, spec, pipeline, generation)
				return &meddler{Executor: x, generation: generation, activate: func(x *meddler, ctx context.Context) error {
					if failing == "before" {
						return refused
					}
					if err := x.Executor.Activate(ctx); err != nil || failing == "" {
						return err
					}
					return refused
				}}, err
			}
			r.open()
			r.catchUp()
			r.start()
			r.untilLive("lines", 200)
			failing = at
			if err := r.engine.Reset(t.Context(), "lines"); !errors.Is(err, refused) {
				t.Fatalf("error %v", err)
			}
			s := r.until("lines", "faulted", func(s engine.Status) bool { return s.State == engine.Faulted })
			if !strings.HasPrefix(s.Error, "pipeline lines: throwing its read model away: ") || len(r.seen.faultsOf("lines")) != 1 {
				t.Errorf("status %+v, faults %v", s, r.seen.faultsOf("lines"))
			}
			r.wantState("lines", wantLines(all))
			if at == "after" {
				r.wantRows("lines_by_dir", []string{})
			} else {
				r.wantLines(all)
			}
			failing = ""
			must(t, r.engine.Resume(t.Context(), "lines"))
			r.untilLive("lines", 200)
			r.wantLines(all)
			r.close()
			wantTables(t, r, "_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir")
		})
	}
}

// Whatever a crash has left of a reset, the next start makes something whole of
// it.
func TestACrashWhileResetting(t *testing.T) {
	all := history(200)
	log := newLog(t, all)
	pictures := map[string]picture{}
	r := newRig(t, log, lines())
	shoot := func(name string) { pictures[name] = takePicture(t, r.dir) }
	r.opts.BatchSize = 50
	r.opts.Observer.Folded = func(_ string, generation uint64, through event.Position, _, _ int) {
		if generation == 3 && through == 100 {
			shoot("while it is rebuilt")
		}
	}
	r.meddle(meddler{activate: func(x *meddler, ctx context.Context) error {
		shoot(fmt.Sprintf("before the swap to generation %d", x.generation))
		err := x.Executor.Activate(ctx)
		shoot(fmt.Sprintf("after the swap to generation %d", x.generation))
		return err
	}})
	r.open()
	r.catchUp()
	must(t, r.engine.Reset(t.Context(), "lines"))
	r.close()
	if len(pictures) != 5 {
		t.Fatalf("pictures %v", sortedKeys(pictures))
	}
	for name, left := range pictures {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, log, lines())
			left.develop(t, r.dir)
			r.seen.strange = true
			r.open()
			r.catchUp()
			r.wantLines(all)
			r.close()
			wantTables(t, r, "_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir")
		})
	}
}

// What has been performed outside is not performed again by a reset, not even by
// one that was interrupted and has been finished by another engine.
func TestAResetLeavesTheOutsideAlone(t *testing.T) {
	all := history(120)
	for _, interrupted := range []bool{false, true} {
		t.Run(fmt.Sprintf("interrupted %v", interrupted), func(t *testing.T) {
			log := &stalling{Store: newLog(t, all[:100]), reached: make(chan struct{}, 1)}
			r := newRig(t, log, linesOutside(""))
			world := &outside{}
			r.withOutside(world)
			r.open()
			r.start()
			r.untilLive("lines", 100)
			if interrupted {
				log.stalls.Store(true)
				done := make(chan error, 1)
				go func() { done <- r.engine.Reset(context.Background(), "lines") }()
				<-log.reached
				r.close()
				if err := <-done; err == nil {
					t.Error("the engine has ended, and the reset has not failed")
				}
				k := r.remembered(lines())
				if s := k.Status(100); s.State != engine.Stopped || s.Generation != 0 || s.Position != 0 || s.Lag != 100 {
					t.Errorf("after that: %+v", s)
				}
				must(t, k.Close(t.Context()))
				if _, err := engine.OpenKept(t.Context(), r.states(), lines(), openPlugin); !errors.Is(err, engine.ErrNoState) {
					t.Errorf("its state: %v", err)
				}
				log.stalls.Store(false)
				appendTo(t, log, all[100:])
				r.open()
				r.start()
			} else {
				must(t, r.engine.Reset(t.Context(), "lines"))
				appendTo(t, log, all[100:])
			}
			r.untilLive("lines", 120)
			r.wantLines(all)
			once := newRig(t, newLog(t, all), linesOutside(""))
			want := &outside{}
			once.withOutside(want)
			once.open()
			once.catchUp()
			if d := cmp.Diff(want.seen(), world.seen()); d != "" {
				t.Errorf("outside (-want +got):\n%s", d)
			}
		})
	}
}
