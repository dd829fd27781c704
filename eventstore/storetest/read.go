package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var readCases = []testCase{
	{"from a version on", testReadFrom},
	{"from a version on, of many", testReadFromFarBehind},
	{"aggregates apart", testAggregatesApart},
	{"an unknown aggregate", testUnknownAggregate},
	{"an empty log", testEmptyLog},
	{"pages of the log", testPages},
	{"more than one pull", testLongRead},
	{"more than one pull, slowly", testSlowRead},
}

func testReadFrom(t *testing.T, s eventstore.Log) {
	f := newFacts(40)
	agg := f.aggregate()
	events := f.events(agg, 10)
	appendAll(t, s, event.None(), events...)
	for from, want := range map[event.Version][]event.Event{0: events, 1: events, 5: events[4:], 10: events[9:], 11: {}, 99: {}} {
		got, err := s.Read(t.Context(), agg, from)
		if err != nil {
			t.Fatalf("read from %d: %v", from, err)
		}
		sameEvents(t, want, got)
		if len(got) > 0 && got[0].Version != max(from, 1) {
			t.Fatalf("read from %d starts at %d", from, got[0].Version)
		}
	}
}

// testReadFromFarBehind reads ends of an aggregate that is long, and whose events
// lie close together in one place and far apart in another.
func testReadFromFarBehind(t *testing.T, s eventstore.Log) {
	f := newFacts(49)
	agg := f.aggregate()
	var want []event.Event
	b := openBulk(t, s)
	for i := range 3000 {
		e := f.event(f.aggregate())
		if i < 1000 || i%7 == 0 {
			e.Aggregate = agg
			want = append(want, e)
		}
		if _, err := b.Add(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := event.Version(len(want))
	for _, from := range []event.Version{1, 255, 256, 257, 600, 999, 1000, 1001, n - 100, n - 1, n, n + 1} {
		got, err := s.Read(t.Context(), agg, from)
		if err != nil {
			t.Fatalf("read from %d: %v", from, err)
		}
		sameEvents(t, want[from-1:], got)
		if len(got) > 0 && got[0].Version != from {
			t.Fatalf("read from %d starts at %d", from, got[0].Version)
		}
	}
}

func testAggregatesApart(t *testing.T, s eventstore.Log) {
	f := newFacts(41)
	correlation := f.id()
	want := make(map[event.Aggregate][]event.Event)
	aggregates := make([]event.Aggregate, 10)
	for i := range aggregates {
		aggregates[i] = f.aggregate()
	}
	twin := event.Aggregate{Type: "other_type", ID: aggregates[0].ID}
	for range 5 {
		for _, agg := range append(aggregates, twin) {
			e := f.event(agg)
			e.CorrelationID = correlation
			appendAll(t, s, event.Any(), e)
			want[agg] = append(want[agg], e)
		}
	}
	for agg, events := range want {
		got, err := s.Read(t.Context(), agg, 1)
		if err != nil {
			t.Fatal(err)
		}
		sameEvents(t, events, got)
	}
}

func testUnknownAggregate(t *testing.T, s eventstore.Log) {
	f := newFacts(42)
	appendAll(t, s, event.None(), f.event(f.aggregate()))
	agg := f.aggregate()
	got, err := s.Read(t.Context(), agg, 1)
	if err != nil || len(got) != 0 {
		t.Fatalf("read: %v, %v", got, err)
	}
	version, err := s.Version(t.Context(), agg)
	if err != nil || version != 0 {
		t.Fatalf("version: %d, %v", version, err)
	}
}

func testEmptyLog(t *testing.T, s eventstore.Log) {
	got, err := s.ReadAll(t.Context(), 1, 10)
	if err != nil || len(got) != 0 || head(t, s) != 0 {
		t.Fatalf("read: %v, %v", got, err)
	}
}

func testPages(t *testing.T, s eventstore.Log) {
	f := newFacts(43)
	var want []event.Event
	for range 3 {
		events := f.events(f.aggregate(), 9)
		appendAll(t, s, event.None(), events...)
		want = append(want, events...)
	}
	for _, limit := range []int{1, 4, 27, 100} {
		var got []event.Recorded
		for from := event.Position(1); ; {
			page, err := s.ReadAll(t.Context(), from, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			if len(page) != min(limit, len(want)-len(got)) {
				t.Fatalf("page of %d from %d has %d events", limit, from, len(page))
			}
			got = append(got, page...)
			from = page[len(page)-1].Position + 1
		}
		sameEvents(t, want, got)
	}
	if page, err := s.ReadAll(t.Context(), 1, 0); err != nil || len(page) != 0 {
		t.Fatalf("page of 0: %d events, %v", len(page), err)
	}
	zero, err := s.ReadAll(t.Context(), 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	one, err := s.ReadAll(t.Context(), 1, 2)
	if diff := cmp.Diff(zero, one); err != nil || diff != "" {
		t.Fatalf("from 0 and from 1 differ: %v\n%s", err, diff)
	}
}

// testLongRead reads more than a reader may have under way at once.
func testLongRead(t *testing.T, s eventstore.Log) {
	f := newFacts(44)
	const n = 6000
	want := make([]event.Event, n)
	agg := f.aggregate()
	b := openBulk(t, s)
	for i := range want {
		want[i] = f.event(agg)
		if _, err := b.Add(t.Context(), want[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := s.Read(t.Context(), agg, 1)
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, want, got)
}

// testSlowRead does something else after each of the first batches: what comes
// late or in a short batch is not the log's end.
func testSlowRead(t *testing.T, s eventstore.Log) {
	f := newFacts(49)
	events := mixed(f, 3, 6000)
	addAll(t, openBulk(t, s), events)
	var got []event.Recorded
	batches := 0
	for batch, err := range s.Follow(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if batches++; batches <= 10 {
			if _, err := s.Read(t.Context(), batch[0].Aggregate, 1); err != nil {
				t.Fatal(err)
			}
		}
		if got = append(got, batch...); len(got) >= len(events) {
			break
		}
	}
	sameEvents(t, events, got)
}
