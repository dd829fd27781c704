package storetest

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var repeatCases = []testCase{
	{"one event", func(t *testing.T, s eventstore.Log) { testRepeat(t, s, 1) }},
	{"several events", func(t *testing.T, s eventstore.Log) { testRepeat(t, s, 5) }},
	{"old and new events together", testRepeatMixed},
	{"an id of another aggregate", testTakenID},
	{"an id twice in one append", testTwiceInOne},
	{"other data under an id", testOtherData},
	{"the same in another form", testOtherForm},
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
		wantTaken(t, err, old, 1, "")
	}
	if got := head(t, s); got != 1 {
		t.Fatalf("head is %d, want 1", got)
	}
}

func wantTaken(t *testing.T, err error, e event.Event, pos event.Position, differs string) {
	t.Helper()
	var taken *eventstore.DuplicateIDError
	if !errors.As(err, &taken) {
		t.Fatalf("error is %v, want a DuplicateIDError", err)
	}
	if want := (eventstore.DuplicateIDError{ID: e.ID, Position: pos, Differs: differs}); *taken != want {
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
		wantTaken(t, err, first, 1, "aggregate")
	}
}

func testTwiceInOne(t *testing.T, s eventstore.Log) {
	f := newFacts(23)
	e := f.event(f.aggregate())
	_, err := s.Append(t.Context(), e.Aggregate, event.None(), e, e)
	wantTaken(t, err, e, 0, "")
}

// others are events that have e's id and are other ones, by the field in which
// they are.
func others(f *facts, e event.Event) map[string]event.Event {
	changed := func(change func(*event.Event)) event.Event {
		other := e
		change(&other)
		return other
	}
	return map[string]event.Event{
		"aggregate":      changed(func(o *event.Event) { o.Aggregate = f.aggregate() }),
		"type":           changed(func(o *event.Event) { o.Type = "never_happened" }),
		"schema version": changed(func(o *event.Event) { o.SchemaVersion += 1 }),
		"time":           changed(func(o *event.Event) { o.Time = o.Time.Add(1) }),
		"correlation id": changed(func(o *event.Event) { o.CorrelationID = f.id() }),
		"causation id":   changed(func(o *event.Event) { o.CausationID = uuid.NullUUID{UUID: f.id(), Valid: true} }),
		"data":           changed(func(o *event.Event) { o.Data = json.RawMessage(`{"n":1}`) }),
		"metadata":       changed(func(o *event.Event) { o.Metadata = json.RawMessage(`{}`) }),
	}
}

// testOtherData appends what has the id of a stored event and differs from it,
// alone and before a new event, with any expectation that the first may have
// had.
func testOtherData(t *testing.T, s eventstore.Log) {
	f := newFacts(25)
	first := f.event(f.aggregate())
	at := appendAll(t, s, event.None(), first)
	for differs, other := range others(f, first) {
		for _, expected := range []event.Expected{event.None(), event.Any()} {
			_, err := s.Append(t.Context(), other.Aggregate, expected, other)
			wantTaken(t, err, first, at.Position, differs)
			_, err = s.Append(t.Context(), other.Aggregate, expected, other, f.event(other.Aggregate))
			wantTaken(t, err, first, at.Position, differs)
		}
	}
	sameEvents(t, []event.Event{first}, readLog(t, s))
}

// testOtherForm appends an event again in a form in which it would be stored in
// the same way.
func testOtherForm(t *testing.T, s eventstore.Log) {
	f := newFacts(26)
	first := f.event(f.aggregate())
	first.SchemaVersion, first.Metadata = 1, json.RawMessage(`{"a":[1,2]}`)
	want := appendAll(t, s, event.None(), first)
	want.Duplicate = true
	again := first
	again.SchemaVersion = 0
	again.Time = again.Time.In(time.FixedZone("", 3600))
	again.Metadata = json.RawMessage("{\n\t\"a\": [1, 2]\r\n}")
	if at := appendAll(t, s, event.Any(), again); at != want {
		t.Fatalf("repetition is at %+v, want %+v", at, want)
	}
	if added := addAll(t, openBulk(t, s), []event.Event{again, first}); added != 0 {
		t.Fatalf("%d events added", added)
	}
}
