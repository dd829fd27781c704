package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// Where the world is mended, what was parked is folded again, and the read model
// is one that has never met poison: with crashes and restarts in between, with some
// of it still poison, and in a replay.
func TestHealing(t *testing.T) {
	for i, c := range somePoisonedCourses()[:3] {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			log := newLog(t, eventsOf(c.all))
			r := newRig(t, log, with("quarantine", fickle()))
			r.seen.strange = true
			r.opts.BatchSize, r.opts.Ahead = c.batch, c.ahead
			mended := map[string]bool{}
			r.mend(mended)
			r.open()
			r.catchUp()
			for _, mend := range [][]string{nil, {"trap"}, {"stray", "reject"}} {
				for _, do := range mend {
					mended[do] = true
				}
				must(t, r.engine.Retry(t.Context(), "fickle", engine.Choice{}))
				want := wantCounted(c.all, "quarantine", func(do string) bool { return mended[do] })
				r.wantCounted(want)
				r.close()
				r.open()
				r.wantCounted(want)
			}
			if left, err := r.engine.DeadLetters("fickle"); err != nil || len(left.Parked) > 0 {
				t.Errorf("left %+v, %v", left, err)
			}
			must(t, r.engine.Replay(t.Context(), "fickle"))
			r.wantCounted(wantCounted(c.all, "quarantine", func(string) bool { return true }))
		})
	}
}

// physician has a plugin see events as if they were not poison, where that is
// mended: it changes what the event tells fickle to do into something harmless of
// the same length.
type physician struct {
	engine.Plugin
	mended map[string]bool
}

func (p *physician) Fold(ctx context.Context, batch []byte) ([]byte, error) {
	batch = slices.Clone(batch)
	for do := range p.mended {
		batch = bytes.ReplaceAll(batch, []byte(do), bytes.Repeat([]byte{' '}, len(do)))
	}
	return p.Plugin.Fold(ctx, batch)
}

// One poison key of 10,000 parks, and the others stay live; when the executor takes
// what it refused, the read model is as if it always had.
func TestOneKeyOfManyParks(t *testing.T) {
	keys := 10_000
	if testing.Short() || raceDetector {
		keys = 500
	}
	all := make([]telling, 2*keys)
	for i := range all {
		all[i].key = fmt.Sprintf("key %05d", i%keys)
	}
	all[keys/2].do = "stray"
	log := newLog(t, eventsOf(all))
	r := newRig(t, log, with("quarantine", fickle()))
	r.seen.strange = true
	mended := false
	r.meddle(meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
		if mended {
			b.Effects = slices.DeleteFunc(slices.Clone(b.Effects), func(f effect.Effect) bool { return f.Name == "no_such_table" })
		}
		return x.Executor.Execute(ctx, b)
	}})
	r.open()
	r.start()
	r.untilLive("fickle", len(all))
	r.wantCounted(wantCounted(all, "quarantine", nothingMended))
	if s := r.status("fickle"); s.Lag != 0 || s.Parked != 2 {
		t.Errorf("status %+v", s)
	}
	r.stop()
	mended = true
	key := all[keys/2].key
	must(t, r.engine.Retry(t.Context(), "fickle", engine.Choice{Key: &key}))
	r.wantCounted(wantCounted(all, "quarantine", func(string) bool { return true }))
}

// What is dropped is left out, and what waited behind it is folded.
func TestDroppingAParkedKey(t *testing.T) {
	all := []telling{{"a", ""}, {"a", "trap"}, {"b", ""}, {"a", ""}, {"a", "reject"}, {"a", ""}}
	r := newRig(t, newLog(t, eventsOf(all)), with("quarantine", fickle()))
	r.open()
	r.catchUp()
	key := "a"
	must(t, r.engine.Drop(t.Context(), "fickle", engine.Choice{Key: &key}))
	r.wantRows("counters", []string{"a|2|4", "b|1|3"})
	if s := r.status("fickle"); s.Parked != 2 || s.DeadLettered != 1 {
		t.Errorf("after the first drop: %+v", s)
	}
	must(t, r.engine.Drop(t.Context(), "fickle", engine.Choice{}))
	r.wantRows("counters", []string{"a|3|6", "b|1|3"})
	left, err := r.engine.DeadLetters("fickle")
	must(t, err)
	if len(left.Parked) != 0 || len(left.Letters) != 1 {
		t.Errorf("left: %+v", left)
	}
	must(t, r.engine.Drop(t.Context(), "fickle", engine.Choice{Letter: left.Letters[0].ID}))
	if s := r.status("fickle"); s.Parked != 0 || s.DeadLettered != 2 || !s.Covered() {
		t.Errorf("in the end: %+v", s)
	}
}

// A choice of what is not aside is an error that says so, and nothing happens.
func TestChoosingWhatIsNotAside(t *testing.T) {
	r := newRig(t, newLog(t, eventsOf([]telling{{"a", "trap"}})), with("quarantine", fickle()))
	r.open()
	r.catchUp()
	key := "b"
	for _, c := range []engine.Choice{{Key: &key}, {Letter: "1"}} {
		for _, do := range []func(context.Context, string, engine.Choice) error{r.engine.Retry, r.engine.Drop} {
			var absent *engine.NotAsideError
			if err := do(t.Context(), "fickle", c); !errors.As(err, &absent) || absent.Choice != c {
				t.Errorf("error %v", err)
			}
		}
	}
}

// An effect that its executor alone leaves out is kept, performed by a retry, and
// takes nothing from the event's other effects and its state.
func TestAnEffectIsLeftOut(t *testing.T) {
	all := []telling{{"a", ""}, {"a", "stray"}, {"b", ""}}
	p := fickle()
	p.Executors[0].OnError = "dead_letter"
	r := newRig(t, newLog(t, eventsOf(all)), p)
	var retried []effect.Effect
	r.meddle(meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
		if b.Late {
			retried = append(retried, b.Effects...)
			return nil
		}
		return x.Executor.Execute(ctx, b)
	}})
	r.open()
	r.catchUp()
	r.wantRows("counters", []string{"a|2|2", "b|1|3"})
	left, err := r.engine.DeadLetters("fickle")
	must(t, err)
	if len(left.Letters) != 1 || left.Letters[0].ID != "2/sqlite/0" {
		t.Fatalf("left: %+v", left)
	}
	must(t, r.engine.Retry(t.Context(), "fickle", engine.Choice{Letter: "2/sqlite/0"}))
	want := []effect.Effect{{Kind: effect.Insert, Cause: 2, Name: "no_such_table", Body: []byte("{}"), CauseID: id(1, 1), CorrelationID: id(3, 0), CauseTime: newEvent(1, "", "").Time}}
	if d := cmp.Diff(want, retried); d != "" {
		t.Errorf("retried (-want +got):\n%s", d)
	}
	if left, err := r.engine.DeadLetters("fickle"); err != nil || len(left.Letters) != 0 {
		t.Errorf("left %+v, %v", left, err)
	}
	if s := r.status("fickle"); s.DeadLettered != 0 || !s.Covered() {
		t.Errorf("status %+v", s)
	}
}

// Kept events are those of the log.
func TestDeadLettersKeepTheirEvents(t *testing.T) {
	all := eventsOf([]telling{{"a", ""}, {"a", "trap"}})
	r := newRig(t, newLog(t, all), with("quarantine", fickle()))
	r.open()
	r.catchUp()
	left, err := r.engine.DeadLetters("fickle")
	must(t, err)
	if len(left.Parked) != 1 {
		t.Fatalf("left: %+v", left)
	}
	p := left.Parked[0]
	got, err := event.ParseJSON(p.Event)
	must(t, err)
	if field := event.Differs(&got, &all[1]); field != "" || p.Position != 2 || p.Waiting != 1 || p.Attempts != 1 || p.Module == "" || p.At.IsZero() {
		t.Errorf("kept: %+v, differs in %q", p, field)
	}
}
