package engine_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/job"
	"github.com/refold-dev/refold/eventstore/memory"
)

// readers read the table of the pipeline lines, over and over, until stop. It
// must always be there, and no reader may see less than one before it.
func readers(t *testing.T, dir string, atLeast int) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			db := openFile(t, dir, "lines_by_dir")
			defer db.Close()
			for seen, first := atLeast, true; ; first = false {
				select {
				case <-done:
					if !first {
						return
					}
				default:
				}
				var sum int
				if err := db.QueryRowContext(context.Background(), "SELECT coalesce(sum(changes), 0) FROM lines_by_dir").Scan(&sum); err != nil {
					t.Errorf("reading the read model: %v", err)
					return
				}
				if sum < seen {
					t.Errorf("a reader sees %d changes after %d", sum, seen)
					return
				}
				seen = sum
			}
		})
	}
	return func() {
		close(done)
		wg.Wait()
	}
}

func changesIn(events []event.Event) (sum int) {
	for _, l := range wantLines(events) {
		sum += int(l.Changes)
	}
	return sum
}

// arriving appends the rest of a log, n events whenever it is called.
func arriving(t *testing.T, log *memory.Store, rest []event.Event, n int) func() {
	var mu sync.Mutex
	return func() {
		mu.Lock()
		defer mu.Unlock()
		n := min(n, len(rest))
		if err := importInto(context.Background(), log, rest[:n]); err != nil {
			t.Error(err)
		}
		rest = rest[n:]
	}
}

// Invariant 4, while events keep arriving.
func TestReplayBesideTheLivePipeline(t *testing.T) {
	all := history(900)
	log := newLog(t, all[:500])
	r := newRig(t, log, lines(), commits())
	more := arriving(t, log, all[500:], 20)
	r.opts.BatchSize = 50
	r.opts.Observer.Folded = func(_ string, generation uint64, _ event.Position, _, _ int) {
		if generation > 1 {
			more()
		}
	}
	r.open()
	r.start()
	r.untilLive("lines", 500)
	stop := readers(t, r.dir, changesIn(all[:500]))
	must(t, r.engine.Replay(t.Context(), "lines"))
	must(t, r.engine.Replay(t.Context(), "lines"))
	s := r.status("lines")
	done := r.lastJob()
	if s.Generation != 3 || s.Jobs != nil || done.State != job.Done || done.Generation != 3 || done.Position != done.Target {
		t.Errorf("after two replays: %+v, job %+v", s, done)
	}
	for range 50 {
		more()
	}
	r.untilLive("lines", len(all))
	if after := r.lastJob(); after != done {
		t.Errorf("a job that is done has changed from %+v to %+v", done, after)
	}
	stop()
	r.wantLines(all)
	if s := r.status("commits"); s.Generation != 1 || s.Jobs != nil {
		t.Errorf("the other pipeline: %+v", s)
	}
	r.close()
	r.wantGenerations("lines", 2, 3)
	wantTables(t, r, "_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir", "lines_by_dir__g2")
}

func wantTables(t *testing.T, r *rig, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, tablesOf(t, r.dir, "lines_by_dir")); d != "" {
		t.Errorf("tables (-want +got):\n%s", d)
	}
}

func TestReplayOfAResidentPipelineWithoutExecutors(t *testing.T) {
	all := history(200)
	r := newRig(t, newLog(t, all), commits())
	r.open()
	must(t, r.engine.Replay(t.Context(), "commits")) // before anything else was folded
	r.wantState("commits", wantCommits(all))
	if s := r.status("commits"); s.State != engine.Stopped || s.Generation != 2 || s.Position != 200 {
		t.Errorf("status %+v", s)
	}
	r.start()
	must(t, r.engine.Replay(t.Context(), "commits"))
	r.untilLive("commits", 200)
	r.wantState("commits", wantCommits(all))
}

var errSink = errors.New("the sink is full")

// failAt makes the executors of later generations fail at a position.
func failAt(at event.Position) meddler {
	return meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
		if x.generation > 1 && b.Through > at {
			return errSink
		}
		return x.Executor.Execute(ctx, b)
	}}
}

// A replay that fails leaves no trace, and its number is gone for ever.
func TestAReplayThatFails(t *testing.T) {
	all := history(400)
	for name, running := range map[string]bool{"beside the live pipeline": true, "alone": false} {
		t.Run(name, func(t *testing.T) {
			log := newLog(t, all[:300])
			r := newRig(t, log, lines())
			r.opts.BatchSize = 50
			r.meddle(failAt(100))
			r.open()
			r.catchUp()
			before := tablesOf(t, r.dir, "lines_by_dir")
			if running {
				r.start()
				r.untilLive("lines", 300)
			}
			var delivery *engine.DeliveryError
			if err := r.engine.Replay(t.Context(), "lines"); !errors.Is(err, errSink) || !errors.As(err, &delivery) || delivery.Through != 150 {
				t.Fatalf("error %v", err)
			}
			if s := r.status("lines"); s.Generation != 1 || s.Jobs != nil || s.Error != "" || s.State == engine.Faulted {
				t.Errorf("status %+v", s)
			}
			wantTables(t, r, before...)
			appendTo(t, log, all[300:])
			if running {
				r.untilLive("lines", 400)
			} else {
				r.catchUp()
			}
			r.wantLines(all)
			r.close()
			r.wantGenerations("lines", 1)

			r.opts.OpenExecutor = nil
			r.open()
			must(t, r.engine.Replay(t.Context(), "lines"))
			r.wantLines(all)
			if s := r.status("lines"); s.Generation != 3 {
				t.Errorf("generation %d after that of a failed replay, want 3", s.Generation)
			}
		})
	}
}

// Replays, and a catch-up, that come at the same time, come one after the other.
func TestReplaysWaitForEachOther(t *testing.T) {
	all := history(300)
	r := newRig(t, newLog(t, all), lines())
	r.opts.BatchSize = 20
	r.open()
	for name, prepare := range map[string]func(){"alone": func() {}, "beside the live pipeline": r.start} {
		prepare()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := r.engine.Replay(t.Context(), "lines"); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
			wg.Go(func() { _, _ = r.engine.State(t.Context(), "lines", nil) })
		}
		if name == "alone" {
			wg.Go(r.catchUp)
		}
		wg.Wait()
		r.wantLines(all)
		r.stop()
	}
	if s := r.status("lines"); s.Generation != 7 {
		t.Errorf("generation %d, want 7", s.Generation)
	}
}

// Who waits for the state while a replay swaps gets the old one or the new one.
func TestStateWhileReplaying(t *testing.T) {
	all := history(100)
	r := newRig(t, newLog(t, all), lines(), commits())
	r.open()
	r.start()
	r.untilLive("lines", 100)
	r.untilLive("commits", 100)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for _, p := range []string{"lines", "commits"} {
		want := r.state(p)
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				text, err := r.engine.State(context.Background(), p, nil)
				if err != nil || string(text) != want {
					t.Errorf("state of %s: %s, %v", p, text, err)
					return
				}
			}
		})
	}
	for range 3 {
		must(t, r.engine.Replay(t.Context(), "lines"))
		must(t, r.engine.Replay(t.Context(), "commits"))
	}
	close(done)
	wg.Wait()
}

// A replay that the engine's stop cuts short goes on with the next run, and so does
// one that waits for its turn.
func TestStoppingWhileReplaysAreUnderWay(t *testing.T) {
	all := history(100)
	r := newRig(t, newLog(t, all), lines())
	opened := make(chan struct{})
	var stops atomic.Bool
	r.opts.OpenExecutor = func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		if generation == 2 && stops.CompareAndSwap(false, true) {
			close(opened)
			<-ctx.Done()
		}
		return openExecutor(r.dir)(ctx, spec, pipeline, generation)
	}
	r.open()
	r.start()
	r.untilLive("lines", 100)
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- r.engine.Replay(context.Background(), "lines") }()
	<-opened
	go func() { second <- r.engine.Replay(context.Background(), "lines") }()
	r.stop()
	if err := <-first; !errors.Is(err, engine.ErrStopped) {
		t.Errorf("the replay that was under way: %v", err)
	}
	if err := <-second; err != nil && !errors.Is(err, engine.ErrStopped) { // nil if it came after the stop
		t.Errorf("the replay that waited: %v", err)
	}
	s := r.status("lines")
	if s.State != engine.Stopped || s.Error != "" || len(s.Jobs) == 0 || s.Jobs[0].State != job.Queued {
		t.Errorf("status %+v", s)
	}
	r.wantLines(all)
	r.start()
	want := 1 + uint64(len(r.engine.Jobs()))
	r.until("lines", "rebuilt by all", func(s engine.Status) bool { return s.Generation == want && s.Jobs == nil })
	r.wantLines(all)
}

func TestAReplayWhoseCallerGoesAway(t *testing.T) {
	all := history(200)
	r := newRig(t, newLog(t, all), lines())
	ctx, cancel := context.WithCancel(t.Context())
	r.opts.BatchSize = 50
	r.opts.Observer.Folded = func(_ string, generation uint64, through event.Position, _, _ int) {
		if generation == 2 && through == 100 {
			cancel()
		}
	}
	r.open()
	r.start()
	r.untilLive("lines", 200)
	if err := r.engine.Replay(ctx, "lines"); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "goes on in the engine") {
		t.Fatalf("error %v", err)
	}
	r.until("lines", "at generation 2", func(s engine.Status) bool { return s.Generation == 2 && s.State == engine.Live })
	r.wantLines(all)
}

// Alone, nothing goes on without its caller; what has been built waits.
func TestAReplayAloneIsInterrupted(t *testing.T) {
	all := history(200)
	r := newRig(t, newLog(t, all), lines())
	ctx, cancel := context.WithCancel(t.Context())
	r.opts.BatchSize = 50
	r.opts.Observer.Folded = func(_ string, generation uint64, through event.Position, _, _ int) {
		if generation == 2 && through == 100 {
			cancel()
		}
	}
	r.open()
	r.catchUp()
	if err := r.engine.Replay(ctx, "lines"); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	r.wantLines(all)
	s := r.status("lines")
	if s.State != engine.Stopped || s.Error != "" || s.Generation != 1 || len(s.Jobs) != 1 || s.Jobs[0].State != job.Queued || s.Jobs[0].Position < 100 {
		t.Fatalf("status %+v", s)
	}
	r.close()
	r.wantGenerations("lines", 1, 2)

	at := s.Jobs[0].Position
	r.opts.Observer.Folded = func(_ string, generation uint64, through event.Position, events, _ int) {
		if generation == 2 && through-event.Position(events) < at {
			t.Errorf("it folds what it has, up to position %d", through)
		}
	}
	r.open()
	must(t, r.engine.Work(t.Context(), s.Jobs[0].ID))
	r.wantLines(all)
	r.close()
	r.wantGenerations("lines", 1, 2)
}

func TestProgressOfAReplay(t *testing.T) {
	r := newRig(t, newLog(t, history(200)), lines())
	r.opts.BatchSize = 50
	var seen []string
	r.opts.Observer.Folded = func(_ string, generation uint64, _ event.Position, _, _ int) {
		if generation == 2 {
			p := r.status("lines").Jobs[0] // an observer may ask
			seen = append(seen, strconv.Itoa(int(p.Position))+"/"+strconv.Itoa(int(p.Target)))
			if p.State != job.Running || p.Generation != 2 || p.EventsPerSecond <= 0 || (p.ETA > 0) != (p.Position < p.Target) {
				t.Errorf("progress %+v", p)
			}
		}
	}
	r.open()
	r.catchUp()
	must(t, r.engine.Replay(t.Context(), "lines"))
	if d := cmp.Diff([]string{"50/200", "100/200", "150/200", "200/200"}, seen); d != "" {
		t.Errorf("progress (-want +got):\n%s", d)
	}
}
