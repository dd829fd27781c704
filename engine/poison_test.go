package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// Invariant 5: each of the ways in which an event can be poison stops its
// pipeline before it, by name, and no other pipeline.
func TestPoison(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	const before = 25
	for _, c := range []struct {
		name, do string
		says     string
		check    func(err error) bool
	}{
		{"rejected", "reject", "folding the event at position 26: the projection rejects it: told to", func(err error) bool {
			var e *engine.RejectedError
			return errors.As(err, &e) && e.Reason == "told to"
		}},
		{"trapped", "trap", "folding the event at position 26: plugin fickle: ", func(err error) bool {
			var e engine.EventIndexer
			return errors.As(err, &e)
		}},
		{"never ends", "spin", "folding the event at position 26: plugin fickle: event 4 of the batch: used up its fuel", func(err error) bool {
			var e engine.EventIndexer
			return errors.As(err, &e)
		}},
		{"recurses for ever", "recurse", "folding the event at position 26: plugin fickle: event 4 of the batch: ", func(err error) bool {
			var e engine.EventIndexer
			return errors.As(err, &e)
		}},
		{"asks for a query", "query", `the projection asks for query "SELECT 1", but none of the pipeline's executors does that`, unhandled(effect.Query)},
		{"asks for an event", "emit", `the projection asks for emit_event "told_to", but none of the pipeline's executors does that`, unhandled(effect.EmitEvent)},
		{"asks for a log line", "log", `the projection asks for log "", but none of the pipeline's executors does that`, unhandled(effect.Log)},
		{"writes to a table that is not declared", "stray", "no_such_table", func(err error) bool {
			var e *engine.DeliveryError
			return errors.As(err, &e)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var all []event.Event
			for i := range before {
				all = append(all, told(i, fmt.Sprint(i%3), ""))
			}
			log := newLog(t, append(all, told(before, "0", c.do), told(before+1, "1", "")))
			r := newRig(t, log, fickle(), herald())
			r.opts.BatchSize = 10 // the event is in the midst of one
			r.open()
			r.start()
			r.untilLive("herald", before+2)
			s := r.until("fickle", "faulted", func(s engine.Status) bool { return s.State == engine.Faulted })
			if s.Position != before || !strings.Contains(s.Error, c.says) {
				t.Errorf("status %+v, want it stopped at %d with %q", s, before, c.says)
			}
			faults := r.seen.faultsOf("fickle")
			if len(faults) != 1 || !c.check(faults[0]) {
				t.Fatalf("faults %v", faults)
			}
			var fold *engine.FoldError
			if errors.As(faults[0], &fold) && (fold.Position != before+1 || !fold.Exact) {
				t.Errorf("the blame is on %+v, want it on exactly %d", fold, before+1)
			}
			rows := []string{"0|9|25", "1|8|23", "2|8|24"}
			r.wantRows("counters", rows)

			// A replay meets it as well, and changes nothing.
			if err := r.engine.Replay(t.Context(), "fickle"); !c.check(err) {
				t.Errorf("replaying: %v", err)
			}
			r.wantRows("counters", rows)
			if err := r.engine.CatchUp(contextOf(r)); err == nil {
				t.Error("catching up goes past it")
			}
			r.close()
			r.wantGenerations("fickle", 1)

			// So does the next start, from a checkpoint before it.
			r.seen = newWitness()
			r.seen.strange = true
			r.open()
			if s := r.status("fickle"); s.Position > before {
				t.Errorf("the checkpoint is at %d, behind the poison", s.Position)
			}
			if err := r.engine.CatchUp(t.Context()); !c.check(err) {
				t.Errorf("catching up again: %v", err)
			}
			if s := r.status("herald"); s.Position != before+2 {
				t.Errorf("the other pipeline is at %d", s.Position)
			}
			r.wantRows("counters", rows)
		})
	}
}

// contextOf stops the run first: a catch-up waits for its end.
func contextOf(r *rig) context.Context {
	r.stop()
	return r.ctx
}

func unhandled(kind effect.Kind) func(error) bool {
	return func(err error) bool {
		var e *engine.UnhandledError
		return errors.As(err, &e) && e.Kind == kind
	}
}

// A key that is no key is known to be to blame before the guest sees it.
func TestAnEventThatFitsNoBatch(t *testing.T) {
	log := newLog(t, []event.Event{told(0, "a", ""), newEvent(1, "told", `{"key":{}}`), told(2, "a", "")})
	r := newRig(t, log, fickle())
	r.open()
	var fold *engine.FoldError
	if err := r.engine.CatchUp(t.Context()); !errors.As(err, &fold) || fold.Position != 2 || !fold.Exact {
		t.Errorf("error %v", err)
	}
}

// What an executor has not taken is not in the state, and a resident projection
// that has folded it is not asked to fold it again.
func TestAnExecutorThatFails(t *testing.T) {
	all := history(100)
	r := newRig(t, newLog(t, all), lines(), moody(), commits())
	r.opts.BatchSize = 20
	full := true
	r.meddle(meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
		if full && b.Through > 60 {
			return errSink
		}
		return x.Executor.Execute(ctx, b)
	}})
	r.open()
	for range 2 { // the second time the sink would take it
		if err := r.engine.CatchUp(t.Context()); !errors.Is(err, errSink) {
			t.Fatalf("error %v", err)
		}
		r.wantLines(all[:60])
		full = false
	}
	if s := r.status("commits"); s.Position != 100 || s.State != engine.Stopped {
		t.Errorf("the pipeline without an executor: %+v", s)
	}
	r.start()
	r.untilLive("commits", 100)
	must(t, r.engine.Replay(t.Context(), "lines")) // mends it
	r.untilLive("lines", 100)
	if s := r.status("lines"); s.Error != "" {
		t.Errorf("after the replay: %+v", s)
	}
	r.wantLines(all)
	r.close()

	r.seen = newWitness()
	r.seen.strange = true
	r.open() // mends the other
	r.catchUp()
	if rows := rowsOf(t, r.dir, "passed"); len(rows) != 100 {
		t.Errorf("%d rows, want 100", len(rows))
	}
	undisturbed := newRig(t, r.log, moody())
	undisturbed.open()
	undisturbed.catchUp()
	if got, want := r.state("moody"), undisturbed.state("moody"); got != want {
		t.Errorf("state %s, want %s", got, want)
	}
}

// While an executor hangs, an operator sees where the pipeline is.
func TestStatusWhileAnExecutorHangs(t *testing.T) {
	all := history(50)
	r := newRig(t, newLog(t, all), lines())
	r.opts.BatchSize = 10
	hangs, release := make(chan struct{}), make(chan struct{})
	r.meddle(meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
		if b.Through == 30 {
			close(hangs)
			<-release
		}
		return x.Executor.Execute(ctx, b)
	}})
	r.open()
	r.start()
	<-hangs
	r.until("lines", "catching up at 20", func(s engine.Status) bool { return s.Position == 20 && s.State == engine.CatchingUp })
	close(release)
	r.untilLive("lines", 50)
	r.wantLines(all)
}
