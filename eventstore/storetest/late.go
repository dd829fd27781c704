package storetest

import (
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// testLateRepeat repeats appends when the store has forgotten what it forgets.
func testLateRepeat(t *testing.T, features Features, open func(t *testing.T) eventstore.Log) {
	if features.Forget == nil {
		t.Skip("the store promises to remember event ids for a time only")
	}
	s := open(t)
	t.Cleanup(func() { Verify(t, s) })
	f := newFacts(24)
	agg := f.aggregate()
	one, several, imported := f.events(agg, 1), f.events(agg, 3), f.events(agg, 1)
	firstOf := [][]event.Event{one, several}
	wants := []eventstore.Appended{appendAll(t, s, event.None(), one...), appendAll(t, s, event.Exactly(1), several...)}
	addAll(t, openBulk(t, s), imported)
	wants = append(wants, eventstore.Appended{Version: 5, Position: 5})
	firstOf = append(firstOf, imported)
	var ids []uuid.UUID
	for _, events := range firstOf {
		for _, e := range events {
			ids = append(ids, e.ID)
		}
	}
	features.Forget(t, s, ids)
	for i, events := range firstOf {
		want := wants[i]
		want.Duplicate = true
		before := want.Version - event.Version(len(events))
		for _, expected := range []event.Expected{event.Exactly(before), event.Any(), event.Exactly(5)} {
			if at := appendAll(t, s, expected, events...); at != want {
				t.Errorf("late repetition expecting %s is at %+v, want %+v", expected, at, want)
			}
		}
	}
	for _, mixed := range [][]event.Event{{one[0], f.event(agg)}, {f.event(agg), one[0]}} {
		_, err := s.Append(t.Context(), agg, event.Any(), mixed...)
		wantTaken(t, err, one[0], 1, "")
	}
	for differs, other := range others(f, several[1]) {
		_, err := s.Append(t.Context(), other.Aggregate, event.Any(), other)
		wantTaken(t, err, several[1], 3, differs)
	}
	if got := head(t, s); got != 5 {
		t.Errorf("head is %d, want 5", got)
	}
	if at := appendAll(t, s, event.Exactly(5), f.event(agg)); at.Version != 6 || at.Duplicate {
		t.Errorf("a new append is at %+v", at)
	}
}
