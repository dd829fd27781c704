package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var appendCases = []testCase{
	{"expected version is checked", testExpectedVersion},
	{"batches of 10, 100 and 1000", testBatchSizes},
	{"five times ten events", testIncremental},
	{"several events are atomic", testConflictStoresNothing},
	{"no events", testEmptyAppend},
	{"any expects nothing", testAny},
	{"round trip of every field", testRoundTrip},
	{"schema version 0 is read as 1", testSchemaVersionZero},
	{"line feeds between tokens", testLineFeeds},
	{"big payloads", testBigPayload},
	{"times need not be monotonic", testTimes},
	{"events of another aggregate", testForeignEvent},
	{"events that break a rule", testInvalidEvent},
	{"the caller's bytes are copied", testCopies},
	{"a done context", testDoneContext},
}

func testExpectedVersion(t *testing.T, s eventstore.Log) {
	f := newFacts(1)
	agg := f.aggregate()
	if at := appendAll(t, s, event.None(), f.event(agg)); at.Version != 1 || at.Position != 1 {
		t.Fatalf("first append is at %+v", at)
	}
	if at := appendAll(t, s, event.Exactly(1), f.event(agg)); at.Version != 2 || at.Position != 2 {
		t.Fatalf("second append is at %+v", at)
	}
	for _, wrong := range []event.Expected{event.None(), event.Exactly(1), event.Exactly(3)} {
		_, err := s.Append(t.Context(), agg, wrong, f.event(agg))
		wantConflict(t, err, agg, wrong, 2)
	}
	if _, err := s.Append(t.Context(), f.aggregate(), event.None(), f.event(agg)); err == nil {
		t.Fatal("an event of another aggregate was stored")
	}
	other := f.aggregate()
	_, err := s.Append(t.Context(), other, event.Exactly(1), f.event(other))
	wantConflict(t, err, other, event.Exactly(1), 0)
	if got := head(t, s); got != 2 {
		t.Fatalf("head is %d after two appends", got)
	}
}

func wantConflict(t *testing.T, err error, agg event.Aggregate, expected event.Expected, actual event.Version) {
	t.Helper()
	var conflict *eventstore.ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("error is %v, want a ConflictError", err)
	}
	if want := (eventstore.ConflictError{Aggregate: agg, Expected: expected, Actual: actual}); *conflict != want {
		t.Fatalf("conflict is %+v, want %+v", *conflict, want)
	}
}

func testBatchSizes(t *testing.T, s eventstore.Log) {
	f := newFacts(2)
	var last event.Position
	for _, n := range []int{10, 100, 1000} {
		agg := f.aggregate()
		events := f.events(agg, n)
		at := appendAll(t, s, event.None(), events...)
		if at.Version != event.Version(n) || at.Position != last+event.Position(n) {
			t.Fatalf("append of %d after position %d is at %+v", n, last, at)
		}
		last = at.Position
		got, err := s.Read(t.Context(), agg, 1)
		if err != nil {
			t.Fatal(err)
		}
		sameEvents(t, events, got)
	}
}

func testIncremental(t *testing.T, s eventstore.Log) {
	f := newFacts(3)
	agg := f.aggregate()
	for i := range 5 {
		version := event.Version(i * 10)
		at := appendAll(t, s, event.Exactly(version), f.events(agg, 10)...)
		if at.Version != version+10 {
			t.Fatalf("version is %d after %d events", at.Version, version+10)
		}
	}
}

func testConflictStoresNothing(t *testing.T, s eventstore.Log) {
	f := newFacts(4)
	agg := f.aggregate()
	appendAll(t, s, event.None(), f.events(agg, 3)...)
	_, err := s.Append(t.Context(), agg, event.Exactly(2), f.events(agg, 5)...)
	wantConflict(t, err, agg, event.Exactly(2), 3)
	if got := head(t, s); got != 3 {
		t.Fatalf("head is %d, want 3: part of a refused append was stored", got)
	}
}

func testEmptyAppend(t *testing.T, s eventstore.Log) {
	f := newFacts(5)
	agg := f.aggregate()
	for _, expected := range []event.Expected{event.Any(), event.None(), event.Exactly(7)} {
		at, err := s.Append(t.Context(), agg, expected)
		if err != nil || at != (eventstore.Appended{}) {
			t.Fatalf("empty append to an unknown aggregate: %+v, %v", at, err)
		}
	}
	stored := appendAll(t, s, event.None(), f.events(agg, 2)...)
	at, err := s.Append(t.Context(), agg, event.Any())
	if err != nil || at != stored {
		t.Fatalf("empty append is at %+v, %v, want %+v", at, err, stored)
	}
}

func testAny(t *testing.T, s eventstore.Log) {
	f := newFacts(6)
	agg := f.aggregate()
	for want := event.Version(1); want <= 3; want++ {
		if at := appendAll(t, s, event.Any(), f.event(agg)); at.Version != want {
			t.Fatalf("version is %d, want %d", at.Version, want)
		}
	}
}

func testRoundTrip(t *testing.T, s eventstore.Log) {
	f := newFacts(7)
	agg := f.aggregate()
	plain := f.event(agg)
	full := f.event(agg)
	full.CausationID = uuid.NullUUID{UUID: plain.ID, Valid: true}
	full.Metadata = json.RawMessage(`{"actor":"\u0000 \\ </script>","list":[1,2.5e3,null,true]}`)
	full.Time = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600))
	full.Data = json.RawMessage(`{ "spaced" : { } ,"version":7,"data":",\"version\":1}"}`)
	full.SchemaVersion = 1<<32 - 1
	empty := f.event(agg)
	empty.Data, empty.Metadata = json.RawMessage(`{}`), json.RawMessage(`{}`)
	appendAll(t, s, event.None(), plain, full, empty)

	full.Time = full.Time.UTC()
	got, err := s.Read(t.Context(), agg, 1)
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, []event.Event{plain, full, empty}, got)
	if got[0].CausationID.Valid || got[0].Metadata != nil {
		t.Fatalf("an absent causation or metadata was read as %v, %s", got[0].CausationID, got[0].Metadata)
	}
	if zone := got[1].Time.Location(); zone != time.UTC {
		t.Fatalf("time was read in zone %s", zone)
	}
}

func testSchemaVersionZero(t *testing.T, s eventstore.Log) {
	f := newFacts(8)
	e := f.event(f.aggregate())
	e.SchemaVersion = 0
	appendAll(t, s, event.None(), e)
	got, err := s.ReadAll(t.Context(), 1, 1)
	if err != nil || got[0].SchemaVersion != 1 {
		t.Fatalf("read %+v, %v", got, err)
	}
}

func testLineFeeds(t *testing.T, s eventstore.Log) {
	f := newFacts(9)
	e := f.event(f.aggregate())
	e.Data = json.RawMessage("{\n  \"a\": 1,\r\n  \"b\": \"x\\ny\"\n}")
	appendAll(t, s, event.None(), e)
	got, err := s.ReadAll(t.Context(), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"a":1,"b":"x\ny"}`; string(got[0].Data) != want {
		t.Fatalf("data is %s, want %s", got[0].Data, want)
	}
}

func testBigPayload(t *testing.T, s eventstore.Log) {
	f := newFacts(10)
	agg := f.aggregate()
	events := f.events(agg, 4)
	for i := range events {
		events[i].Data = json.RawMessage(`{"text":"` + strings.Repeat("x", 300_000*i) + `"}`)
	}
	appendAll(t, s, event.None(), events[:2]...)
	appendAll(t, s, event.Exactly(2), events[2])
	appendAll(t, s, event.Exactly(3), events[3])
	got, err := s.Read(t.Context(), agg, 1)
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, events, got)
}

func testTimes(t *testing.T, s eventstore.Log) {
	f := newFacts(11)
	agg := f.aggregate()
	events := f.events(agg, 5)
	events[0].Time = time.Date(2261, 12, 31, 23, 59, 59, 999999999, time.UTC)
	events[1].Time = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	events[2].Time = time.Date(1969, 12, 31, 23, 59, 59, 1, time.UTC)
	events[3].Time = events[2].Time
	events[4].Time = time.Unix(0, 0).UTC()
	appendAll(t, s, event.None(), events...)
	got, err := s.Read(t.Context(), agg, 1)
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, events, got)
}

func testForeignEvent(t *testing.T, s eventstore.Log) {
	f := newFacts(12)
	agg, other := f.aggregate(), f.aggregate()
	_, err := s.Append(t.Context(), agg, event.None(), f.event(agg), f.event(other))
	var foreign *eventstore.ForeignEventError
	if !errors.As(err, &foreign) || foreign.EventAggregate != other {
		t.Fatalf("error is %v, want a ForeignEventError about %s", err, other)
	}
	if got := head(t, s); got != 0 {
		t.Fatalf("head is %d after a refused append", got)
	}
}

func testInvalidEvent(t *testing.T, s eventstore.Log) {
	f := newFacts(13)
	agg := f.aggregate()
	cases := map[string]func(*event.Event){
		"id":       func(e *event.Event) { e.ID = uuid.Nil },
		"type":     func(e *event.Event) { e.Type = "Not.Snake" },
		"data":     func(e *event.Event) { e.Data = json.RawMessage(`[1]`) },
		"metadata": func(e *event.Event) { e.Metadata = json.RawMessage(`{`) },
		"time":     func(e *event.Event) { e.Time = time.Time{} },
	}
	for field, spoil := range cases {
		e := f.event(agg)
		spoil(&e)
		_, err := s.Append(t.Context(), agg, event.Any(), f.event(agg), e)
		var wrong *event.FieldError
		if !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("error is %v, want a FieldError about %s", err, field)
		}
	}
	if got := head(t, s); got != 0 {
		t.Fatalf("head is %d after refused appends", got)
	}
}

func testCopies(t *testing.T, s eventstore.Log) {
	f := newFacts(14)
	e := f.event(f.aggregate())
	want := string(e.Data)
	appendAll(t, s, event.None(), e)
	clear(e.Data)
	got, err := s.ReadAll(t.Context(), 1, 1)
	if err != nil || string(got[0].Data) != want {
		t.Fatalf("data is %s, %v, want %s", got[0].Data, err, want)
	}
}

func testDoneContext(t *testing.T, s eventstore.Log) {
	f := newFacts(15)
	agg := f.aggregate()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(ctx, agg, event.None(), f.event(agg)); !errors.Is(err, context.Canceled) {
		t.Fatalf("append with a done context: %v", err)
	}
	if _, err := s.Read(ctx, agg, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("read with a done context: %v", err)
	}
	if got := head(t, s); got != 0 {
		t.Fatalf("head is %d", got)
	}
}
