package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var queryCases = []struct {
	name string
	run  func(t *testing.T, s eventstore.Store)
}{
	{"a correlation over aggregates", testCorrelation},
	{"a correlation that grows", testCorrelationGrows},
	{"a time range", testTimeRange},
	{"any of them, against a scan", testQueriesAgainstScan},
}

// testCorrelation: the order is that of the event times, which need not be the
// log's, and of the log where times are equal.
func testCorrelation(t *testing.T, s eventstore.Store) {
	f := newFacts(45)
	correlation := f.id()
	var want []event.Event
	for i := range 9 {
		e := f.event(f.aggregate())
		e.Time = noon.Add(-time.Duration(i/2) * time.Hour)
		if i%3 > 0 {
			e.CorrelationID = correlation
			want = append(want, e)
		}
		appendAll(t, s, event.None(), e)
	}
	slices.SortStableFunc(want, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
	sameEvents(t, want, byCorrelation(t, s, correlation))
	if got := byCorrelation(t, s, f.id()); len(got) != 0 {
		t.Errorf("an unknown correlation has %d events", len(got))
	}
}

// testCorrelationGrows reads right after each append: nothing acknowledged may
// be missing.
func testCorrelationGrows(t *testing.T, s eventstore.Store) {
	f := newFacts(46)
	correlation, agg := f.id(), f.aggregate()
	for i := range 40 {
		e := f.event(agg)
		e.CorrelationID = correlation
		appendAll(t, s, event.Exactly(event.Version(i)), e)
		if got := byCorrelation(t, s, correlation); len(got) != i+1 {
			t.Fatalf("%d events of %d are read", len(got), i+1)
		}
		if got := inRange(t, s, agg, farBefore, farAfter); len(got) != i+1 {
			t.Fatalf("%d events of %d are in the time range", len(got), i+1)
		}
	}
}

func testTimeRange(t *testing.T, s eventstore.Store) {
	f := newFacts(47)
	agg, other := f.aggregate(), f.aggregate()
	var events []event.Event
	for i := range 12 {
		e := f.event([]event.Aggregate{agg, other}[i%2])
		e.Time = noon.Add(time.Duration(i%6) * time.Minute) // twice the same six
		events = append(events, e)
		appendAll(t, s, event.Any(), e)
	}
	cases := map[string]struct {
		agg      event.Aggregate
		from, to time.Time
		want     []int
	}{
		"all of an aggregate":   {agg, farBefore, farAfter, []int{0, 2, 4, 6, 8, 10}},
		"both ends included":    {agg, noon, noon.Add(2 * time.Minute), []int{0, 2, 6, 8}},
		"one instant":           {other, noon.Add(time.Minute), noon.Add(time.Minute), []int{1, 7}},
		"between two instants":  {other, noon.Add(time.Minute + 1), noon.Add(3*time.Minute - 1), nil},
		"all aggregates":        {event.Aggregate{}, noon.Add(4 * time.Minute), farAfter, []int{4, 5, 10, 11}},
		"an unknown aggregate":  {f.aggregate(), farBefore, farAfter, nil},
		"inverted":              {agg, noon.Add(time.Minute), noon, nil},
		"inverted, of all":      {event.Aggregate{}, noon.Add(time.Minute), noon, nil},
		"beyond what is stored": {event.Aggregate{}, noon.Add(time.Hour), farAfter, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var want []event.Event
			for _, i := range c.want {
				want = append(want, events[i])
			}
			sameEvents(t, want, inRange(t, s, c.agg, c.from, c.to))
		})
	}
}

// testQueriesAgainstScan compares all queries with a scan of the log.
func testQueriesAgainstScan(t *testing.T, s eventstore.Store) {
	f := newFacts(48)
	var aggregates []event.Aggregate
	var correlations []uuid.UUID
	for range 5 {
		aggregates, correlations = append(aggregates, f.aggregate()), append(correlations, f.id())
	}
	b := openBulk(t, s)
	const events = 700
	for i := range events {
		e := f.event(aggregates[i*i%5])
		e.CorrelationID = correlations[i%7%5]
		e.Time = noon.Add(time.Duration(i*7919%100) * time.Second)
		if _, err := b.Add(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := s.ReadAll(t.Context(), 1, events)
	if err != nil {
		t.Fatal(err)
	}
	scan := func(want func(*event.Recorded) bool) (out []event.Recorded) {
		for i := range all {
			if want(&all[i]) {
				out = append(out, all[i])
			}
		}
		return out
	}
	rapid.Check(t, func(rt *rapid.T) {
		correlation := rapid.SampledFrom(correlations).Draw(rt, "correlation")
		want := scan(func(r *event.Recorded) bool { return r.CorrelationID == correlation })
		slices.SortStableFunc(want, func(a, b event.Recorded) int { return a.Time.Compare(b.Time) })
		sameLog(t, want, byCorrelation(t, s, correlation))

		agg := rapid.SampledFrom(append(aggregates, event.Aggregate{})).Draw(rt, "aggregate")
		from := noon.Add(time.Duration(rapid.IntRange(-1, 101).Draw(rt, "from")) * time.Second)
		to := noon.Add(time.Duration(rapid.IntRange(-1, 101).Draw(rt, "to")) * time.Second)
		want = scan(func(r *event.Recorded) bool {
			return (agg == event.Aggregate{} || r.Aggregate == agg) && !r.Time.Before(from) && !r.Time.After(to)
		})
		sameLog(t, want, inRange(t, s, agg, from, to))
	})
}

var (
	noon      = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	farBefore = time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC)
	farAfter  = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

func byCorrelation(t *testing.T, s eventstore.Store, id uuid.UUID) []event.Recorded {
	t.Helper()
	got, err := s.ReadCorrelation(t.Context(), id)
	if err != nil {
		t.Fatalf("read correlation: %v", err)
	}
	return got
}

func inRange(t *testing.T, s eventstore.Store, agg event.Aggregate, from, to time.Time) []event.Recorded {
	t.Helper()
	got, err := s.ReadTimeRange(t.Context(), agg, from, to)
	if err != nil {
		t.Fatalf("read time range: %v", err)
	}
	return got
}
