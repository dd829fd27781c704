package engine_test

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/memory"
)

// stores are the event logs that an engine runs on.
var stores = map[string]func(testing.TB) eventstore.Log{
	"memory":    func(testing.TB) eventstore.Log { return memory.New() },
	"jetstream": newJetStream,
}

func newJetStream(t testing.TB) eventstore.Log {
	t.Helper()
	server, err := embedded.Start(embedded.Options{Dir: filepath.Join(t.TempDir(), "log"), Sync: embedded.SyncInterval, Token: "test"})
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	s, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: "test"})
	must(t, err)
	return s
}

// Catch up, go live, stop, miss some events, and go on: on every log, with a
// keyed and a resident projection side by side.
func TestFromTheFirstEventToLiveAndOn(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			log := open(t)
			t.Cleanup(func() { must(t, log.Close()) })
			all := history(700)
			appendTo(t, log, all[:300])
			r := newRig(t, log, lines(), commits())
			r.opts.BatchSize = 64
			r.open()
			r.catchUp()
			r.wantLines(all[:300])
			r.wantState("commits", wantCommits(all[:300]))
			if s := r.status("lines"); s.State != engine.Stopped || s.Position != 300 || s.Head != 300 || s.Lag != 0 || s.Generation != 1 || s.Filtered == 0 {
				t.Errorf("after catching up: %+v", s)
			}

			r.start()
			r.untilLive("lines", 300)
			appendTo(t, log, all[300:400])
			r.untilLive("lines", 400)
			r.untilLive("commits", 400)
			r.wantLines(all[:400])
			r.wantState("commits", wantCommits(all[:400]))
			r.close()

			appendTo(t, log, all[400:600])
			r.open()
			r.start()
			r.untilLive("lines", 600)
			r.untilLive("commits", 600)
			appendTo(t, log, all[600:])
			r.untilLive("lines", 700)
			r.untilLive("commits", 700)
			r.wantLines(all)
			r.wantState("commits", wantCommits(all))
		})
	}
}

func TestTheStatesOfALife(t *testing.T) {
	r := newRig(t, newLog(t, history(10)), commits())
	r.open()
	if s := r.status("commits"); s.State != engine.Loading || s.Lag != 10 {
		t.Errorf("opened: %+v", s)
	}
	r.start()
	r.untilLive("commits", 10)
	r.stop()
	want := []engine.State{engine.Loading, engine.CatchingUp, engine.Live, engine.Stopped}
	if d := cmp.Diff(want, r.seen.statesOf("commits")); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
}

func TestAnEmptyLog(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			log := open(t)
			t.Cleanup(func() { must(t, log.Close()) })
			r := newRig(t, log, lines(), commits())
			r.open()
			r.catchUp()
			r.wantState("commits", map[string]int{})
			r.wantRows("lines_by_dir", []string{})
			r.start()
			r.untilLive("lines", 0)
			appendTo(t, log, history(20))
			r.untilLive("lines", 20)
			r.wantLines(history(20))
		})
	}
}

func TestAnEngineWithoutPipelines(t *testing.T) {
	r := newRig(t, newLog(t, nil))
	r.open()
	r.catchUp()
	r.start()
	r.stop()
}

func TestUnknownPipeline(t *testing.T) {
	r := newRig(t, newLog(t, nil), commits())
	r.open()
	if err := r.engine.Replay(t.Context(), "nobody"); !errors.Is(err, engine.ErrUnknownPipeline) {
		t.Errorf("replay: %v", err)
	}
	if _, err := r.engine.State(t.Context(), "nobody", nil); !errors.Is(err, engine.ErrUnknownPipeline) {
		t.Errorf("state: %v", err)
	}
}

// A catch-up that is called off ends between two batches, with a checkpoint:
// the next one goes on from there, as the witness sees.
func TestCatchUpCalledOff(t *testing.T) {
	all := history(400)
	r := newRig(t, newLog(t, all), lines(), commits())
	ctx, cancel := context.WithCancel(t.Context())
	r.opts.BatchSize = 10
	r.opts.Observer.Folded = func(pipeline string, _ uint64, through event.Position, _, _ int) {
		if pipeline == "lines" && through == 100 {
			cancel()
		}
	}
	r.open()
	if err := r.engine.CatchUp(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	for _, p := range []string{"lines", "commits"} {
		if s := r.status(p); s.State != engine.Stopped || s.Error != "" || p == "lines" && s.Position < 100 {
			t.Errorf("%s: %+v", p, s)
		}
	}
	r.close()
	r.open()
	r.catchUp()
	r.wantLines(all)
	r.wantState("commits", wantCommits(all))
}

// A log that has become shorter, or is another one, is not followed.
func TestALogThatEndsBeforeTheReadModel(t *testing.T) {
	all := history(50)
	r := newRig(t, newLog(t, all), lines())
	r.open()
	r.catchUp()
	r.close()
	r.log = newLog(t, all[:20])
	r.open()
	var truncated *engine.TruncatedError
	if err := r.engine.CatchUp(t.Context()); !errors.As(err, &truncated) || truncated.Position != 50 || truncated.Head != 20 {
		t.Fatalf("error %v", err)
	}
	r.wantLines(all)
	must(t, r.engine.Replay(t.Context(), "lines"))
	r.wantLines(all[:20])
	if s := r.status("lines"); s.State != engine.Stopped || s.Error != "" || s.Position != 20 {
		t.Errorf("after the replay: %+v", s)
	}
}

// broken is a log whose feed is not what it should be.
type broken struct {
	*memory.Store
	feed func(yield func([]event.Recorded, error) bool, events []event.Recorded)
}

func (b *broken) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		events, err := b.ReadAll(ctx, after+1, 100)
		if err != nil {
			yield(nil, err)
			return
		}
		b.feed(yield, events)
	}
}

func TestAFeedThatIsNotSound(t *testing.T) {
	lost := errors.New("lost")
	for name, c := range map[string]struct {
		feed func(yield func([]event.Recorded, error) bool, events []event.Recorded)
		want string
		at   event.Position
	}{
		"ends too early": {func(yield func([]event.Recorded, error) bool, events []event.Recorded) {
			yield(events[:5], nil)
		}, "pipeline lines: the log's feed has ended at position 5", 5},
		"breaks": {func(yield func([]event.Recorded, error) bool, events []event.Recorded) {
			_ = yield(events[:5], nil) && yield(nil, lost)
		}, "pipeline lines: lost", 5},
		"has a hole between batches": {func(yield func([]event.Recorded, error) bool, events []event.Recorded) {
			_ = yield(events[:5], nil) && yield(events[6:], nil)
		}, "pipeline lines: the feed goes from position 5 to 7", 5},
		"has a hole in a batch": {func(yield func([]event.Recorded, error) bool, events []event.Recorded) {
			yield(slices.Delete(events, 5, 6), nil)
		}, "pipeline lines: the feed goes from position 5 to 7", 0},
		"jumps past the end": {func(yield func([]event.Recorded, error) bool, events []event.Recorded) {
			events[0].Position = 1000
			yield(events[:1], nil)
		}, "pipeline lines: the feed goes from position 0 to 1000", 0},
		"repeats": {func(yield func([]event.Recorded, error) bool, events []event.Recorded) {
			_ = yield(events[:5], nil) && yield(events[4:], nil)
		}, "pipeline lines: the feed goes from position 5 to 5", 5},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, &broken{newLog(t, history(20)), c.feed}, lines())
			r.open()
			err := r.engine.CatchUp(t.Context())
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if s := r.status("lines"); s.State != engine.Faulted || s.Position != c.at {
				t.Errorf("status %+v, want it faulted at %d", s, c.at)
			}
			if len(r.seen.faultsOf("lines")) != 1 {
				t.Errorf("faults %v, want one", r.seen.faultsOf("lines"))
			}
		})
	}
}
