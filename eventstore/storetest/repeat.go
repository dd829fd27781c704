package storetest

import (
	"errors"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var repeatCases = []testCase{
	{"one event", func(t *testing.T, s eventstore.Log) { testRepeat(t, s, 1) }},
	{"several events", func(t *testing.T, s eventstore.Log) { testRepeat(t, s, 5) }},
	{"old and new events together", testRepeatMixed},
	{"an id of another aggregate", testTakenID},
	{"an id twice in one append", testTwiceInOne},
}

// testRepeat repeats an append with each expectation that it may have had, at
// once and after others have written.
func testRepeat(t *testing.T, s eventstore.Log, count int) {
	f := newFacts(20)
	agg := f.aggregate()
	events := f.events(agg, count)
	first := appendAll(t, s, event.None(), events...)
	first.Duplicate = true
	for range 2 {
		for _, expected := range []event.Expected{event.None(), event.Any(), event.Exactly(first.Version)} {
			before := head(t, s)
			if at := appendAll(t, s, expected, events...); at != first {
				t.Fatalf("repetition expecting %s is at %+v, want %+v", expected, at, first)
			}
			if got := head(t, s); got != before {
				t.Fatalf("repetition expecting %s moved the head from %d to %d", expected, before, got)
			}
		}
		appendAll(t, s, event.Any(), f.event(agg))
	}
}

func testRepeatMixed(t *testing.T, s eventstore.Log) {
	f := newFacts(21)
	agg := f.aggregate()
	old := f.event(agg)
	appendAll(t, s, event.None(), old)
	for _, mixed := range [][]event.Event{{old, f.event(agg)}, {f.event(agg), old}} {
		_, err := s.Append(t.Context(), agg, event.Exactly(1), mixed...)
		wantTaken(t, err, old, 1)
	}
	if got := head(t, s); got != 1 {
		t.Fatalf("head is %d, want 1", got)
	}
}

func wantTaken(t *testing.T, err error, e event.Event, pos event.Position) {
	t.Helper()
	var taken *eventstore.DuplicateIDError
	if !errors.As(err, &taken) {
		t.Fatalf("error is %v, want a DuplicateIDError", err)
	}
	if want := (eventstore.DuplicateIDError{ID: e.ID, Position: pos}); *taken != want {
		t.Fatalf("error is %+v, want %+v", *taken, want)
	}
}

func testTakenID(t *testing.T, s eventstore.Log) {
	f := newFacts(22)
	first := f.event(f.aggregate())
	appendAll(t, s, event.None(), first)
	second := f.event(f.aggregate())
	second.ID = first.ID
	for _, expected := range []event.Expected{event.None(), event.Any()} {
		_, err := s.Append(t.Context(), second.Aggregate, expected, second)
		wantTaken(t, err, first, 1)
	}
}

func testTwiceInOne(t *testing.T, s eventstore.Log) {
	f := newFacts(23)
	e := f.event(f.aggregate())
	_, err := s.Append(t.Context(), e.Aggregate, event.None(), e, e)
	wantTaken(t, err, e, 0)
}
