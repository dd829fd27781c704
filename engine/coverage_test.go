package engine_test

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// faultyLog is a log whose feed is changed on its way.
type faultyLog struct {
	engine.Log
	change func([]event.Recorded) []event.Recorded
}

func (l *faultyLog) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for events, err := range l.Log.Follow(ctx, after) {
			if !yield(l.change(slices.Clone(events)), err) {
				return
			}
		}
	}
}

// at applies a change where an event stands in a batch.
func at(p event.Position, change func(events []event.Recorded, i int) []event.Recorded) func([]event.Recorded) []event.Recorded {
	return func(events []event.Recorded) []event.Recorded {
		i := slices.IndexFunc(events, func(e event.Recorded) bool { return e.Position == p })
		if i < 0 || i+1 == len(events) {
			return events
		}
		return change(events, i)
	}
}

// A feed that drops, repeats or reorders events is caught before anything behind
// the fault is folded: the pipeline stops there, what it has counts up to there, and
// with an honest feed it goes on to what it would have come to anyway.
func TestAFaultyFeedIsCaught(t *testing.T) {
	all := history(100)
	for name, change := range map[string]func([]event.Recorded) []event.Recorded{
		"dropped":  at(42, func(events []event.Recorded, i int) []event.Recorded { return slices.Delete(events, i, i+1) }),
		"repeated": at(42, func(events []event.Recorded, i int) []event.Recorded { return slices.Insert(events, i, events[i]) }),
		"reordered": at(42, func(events []event.Recorded, i int) []event.Recorded {
			events[i], events[i+1] = events[i+1], events[i]
			return events
		}),
	} {
		t.Run(name, func(t *testing.T) {
			honest := newLog(t, all)
			r := newRig(t, &faultyLog{honest, change}, lines())
			r.opts.BatchSize = 10
			r.open()
			err := r.engine.CatchUp(t.Context())
			if err == nil || !strings.Contains(err.Error(), "the feed goes from position 4") {
				t.Fatalf("error %v", err)
			}
			s := r.status("lines")
			if s.State != engine.Faulted || s.Position >= 43 || s.Lag == 0 || !s.Covered() {
				t.Errorf("status %+v", s)
			}
			r.wantLines(all[:s.Position])
			r.close()
			r.log = honest
			r.seen = newWitness()
			r.seen.strange = true
			r.open()
			r.catchUp()
			r.wantLines(all)
		})
	}
}
