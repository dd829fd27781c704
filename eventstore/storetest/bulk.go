package storetest

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var bulkCases = []testCase{
	{"versions in call order", testBulkVersions},
	{"the same import again", testBulkAgain},
	{"duplicates within an import", testBulkDuplicates},
	{"other data under a stored id", testBulkOtherData},
	{"other data under an id of the import", testBulkOtherInOne},
	{"other data meanwhile", testBulkOtherMeanwhile},
	{"other writers meanwhile", testBulkOthers},
	{"two imports of the same events", testTwoImports},
	{"imports and writers all at once", testBulkHammered},
	{"an event that breaks a rule", testBulkInvalid},
	{"close drops what is not flushed", testBulkClose},
}

func openBulk(t *testing.T, s eventstore.Log) eventstore.Bulk {
	t.Helper()
	b, err := s.Bulk(t.Context())
	if err != nil {
		t.Fatalf("bulk: %v", err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("closing the import: %v", err)
		}
	})
	return b
}

// mixed makes events that go round several aggregates.
func mixed(f *facts, aggregates, count int) []event.Event {
	aggs := make([]event.Aggregate, aggregates)
	for i := range aggs {
		aggs[i] = f.aggregate()
	}
	events := make([]event.Event, count)
	for i := range events {
		events[i] = f.event(aggs[i*i%aggregates])
	}
	return events
}

// addAll imports events and returns how many were new.
func addAll(t *testing.T, b eventstore.Bulk, events []event.Event) int {
	t.Helper()
	added := 0
	for _, e := range events {
		ok, err := b.Add(t.Context(), e)
		if err != nil {
			t.Fatalf("add: %v", err)
		}
		if ok {
			added++
		}
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatalf("flush: %v", err)
	}
	return added
}

func readLog(t *testing.T, s eventstore.Log) []event.Recorded {
	t.Helper()
	all, err := s.ReadAll(t.Context(), 1, int(head(t, s))+1)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func testBulkVersions(t *testing.T, s eventstore.Log) {
	f := newFacts(70)
	events := mixed(f, 37, 2500)
	appendAll(t, s, event.None(), events[0])
	b := openBulk(t, s)
	addAll(t, b, events[1:1200])
	addAll(t, b, events[1200:])
	sameEvents(t, events, readLog(t, s))
}

func testBulkAgain(t *testing.T, s eventstore.Log) {
	f := newFacts(71)
	events := mixed(f, 5, 1500)
	if added := addAll(t, openBulk(t, s), events[:1100]); added != 1100 {
		t.Fatalf("%d events added, want 1100", added)
	}
	again := openBulk(t, s)
	if added := addAll(t, again, events); added != 400 {
		t.Fatalf("%d events added by the second import, want 400", added)
	}
	if added := addAll(t, again, events); added != 0 {
		t.Fatalf("%d events added by the third import", added)
	}
	sameEvents(t, events, readLog(t, s))
}

func testBulkDuplicates(t *testing.T, s eventstore.Log) {
	f := newFacts(72)
	events := mixed(f, 3, 20)
	twice := append(append([]event.Event{}, events...), events...)
	if added := addAll(t, openBulk(t, s), twice); added != 20 {
		t.Fatalf("%d events added, want 20", added)
	}
	sameEvents(t, events, readLog(t, s))
}

// testBulkOtherData imports what has a stored event's id and differs from it:
// each is refused, and the import goes on.
func testBulkOtherData(t *testing.T, s eventstore.Log) {
	f := newFacts(78)
	events := mixed(f, 3, 20)
	addAll(t, openBulk(t, s), events[:10])
	appendAll(t, s, event.Any(), events[10])
	b := openBulk(t, s)
	for i, old := range events[:11] {
		refuseOthers(t, b, f, old, event.Position(i+1))
	}
	addAll(t, b, events)
	sameEvents(t, events, readLog(t, s))
}

func refuseOthers(t *testing.T, b eventstore.Bulk, f *facts, old event.Event, at event.Position) {
	t.Helper()
	for differs, other := range others(f, old) {
		added, err := b.Add(t.Context(), other)
		if added {
			t.Fatalf("an event with another %s was added", differs)
		}
		wantTaken(t, err, old, at, differs)
	}
}

// testBulkOtherInOne is testBulkOtherData for events of the same import, before
// and after they are stored.
func testBulkOtherInOne(t *testing.T, s eventstore.Log) {
	f := newFacts(79)
	events := mixed(f, 3, 10)
	b := openBulk(t, s)
	for _, e := range events {
		if added, err := b.Add(t.Context(), e); !added || err != nil {
			t.Fatalf("add: %v, %v", added, err)
		}
		refuseOthers(t, b, f, e, 0)
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		refuseOthers(t, b, f, e, event.Position(i+1))
	}
	addAll(t, b, events)
	sameEvents(t, events, readLog(t, s))
}

// testBulkOtherMeanwhile appends another event of an id that an import has taken
// and not stored yet.
func testBulkOtherMeanwhile(t *testing.T, s eventstore.Log) {
	f := newFacts(80)
	for _, count := range []int{1, 5} {
		events := mixed(f, 3, count)
		b := openBulk(t, s)
		for _, e := range events {
			if added, err := b.Add(t.Context(), e); !added || err != nil {
				t.Fatalf("add: %v, %v", added, err)
			}
		}
		other := events[count/2]
		other.Data = json.RawMessage(`{"n":1}`)
		at := appendAll(t, s, event.Any(), other)
		wantTaken(t, b.Flush(t.Context()), other, at.Position, "data")
		if added, err := b.Add(t.Context(), f.event(f.aggregate())); added || err == nil {
			t.Fatal("the import goes on")
		}
	}
}

// testBulkOthers imports while others append to the same aggregates. The
// imported events must keep their order among each other.
func testBulkOthers(t *testing.T, s eventstore.Log) {
	f := newFacts(73)
	events := mixed(f, 10, 3000)
	imported := make(map[string]bool)
	for _, e := range events {
		imported[e.ID.String()] = true
	}
	b := openBulk(t, s)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := range 500 { // beside more of them the import goes on one by one
			select {
			case <-stop:
				return
			default:
			}
			agg := events[i%10].Aggregate
			if _, err := s.Append(t.Context(), agg, event.Any(), f.event(agg)); err != nil {
				t.Errorf("append: %v", err)
				return
			}
		}
	}()
	addAll(t, b, events)
	close(stop)
	<-stopped
	var got []event.Recorded
	for _, r := range readLog(t, s) {
		if imported[r.ID.String()] {
			got = append(got, r)
		}
	}
	sameEvents(t, events, got)
}

func testTwoImports(t *testing.T, s eventstore.Log) {
	f := newFacts(74)
	events := mixed(f, 10, 2500)
	one, two := openBulk(t, s), openBulk(t, s)
	for i := 0; i < len(events); i += 250 {
		addAll(t, one, events[i:i+125])
		addAll(t, two, events[i:i+250])
		addAll(t, one, events[i:i+250])
	}
	sameEvents(t, events, readLog(t, s))
}

// testBulkHammered runs two imports that share events, but not all, against
// writers of the same aggregates. Each event must be stored once, and Verify
// checks the versions.
func testBulkHammered(t *testing.T, s eventstore.Log) {
	f := newFacts(77)
	events := mixed(f, 6, 2400)
	one, two := openBulk(t, s), openBulk(t, s)
	want := make(map[uuid.UUID]bool)
	for _, e := range events {
		want[e.ID] = true
	}
	var all sync.WaitGroup
	for writer := range 3 {
		all.Go(func() {
			for i := writer; i < 60; i++ {
				agg := events[i%len(events)].Aggregate
				if _, err := s.Append(t.Context(), agg, event.Any(), f.events(agg, 1+i%2)...); err != nil {
					t.Errorf("append: %v", err)
					return
				}
			}
		})
	}
	all.Go(func() { importAll(t, one, events[:1600]) })
	all.Go(func() {
		importAll(t, two, slices.Concat(events[800:810], events[811:1700], events[805:]))
	})
	all.Wait()
	for _, r := range readLog(t, s) {
		delete(want, r.ID)
	}
	if len(want) > 0 {
		t.Errorf("%d imported events are not in the log", len(want))
	}
}

// importAll is addAll for another goroutine than the test's.
func importAll(t *testing.T, b eventstore.Bulk, events []event.Event) {
	for _, e := range events {
		if _, err := b.Add(t.Context(), e); err != nil {
			t.Errorf("add: %v", err)
			return
		}
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Errorf("flush: %v", err)
	}
}

func testBulkInvalid(t *testing.T, s eventstore.Log) {
	f := newFacts(75)
	agg := f.aggregate()
	good, bad := f.event(agg), f.event(agg)
	bad.Data = json.RawMessage(`"text"`)
	b := openBulk(t, s)
	if _, err := b.Add(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	var wrong *event.FieldError
	if _, err := b.Add(t.Context(), bad); !errors.As(err, &wrong) || wrong.Field != "data" {
		t.Fatalf("adding a bad event: %v", err)
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatalf("flush after a refused event: %v", err)
	}
	sameEvents(t, []event.Event{good}, readLog(t, s))
}

func testBulkClose(t *testing.T, s eventstore.Log) {
	f := newFacts(76)
	b := openBulk(t, s)
	if _, err := b.Add(t.Context(), f.event(f.aggregate())); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Add(t.Context(), f.event(f.aggregate())); !errors.Is(err, eventstore.ErrClosed) {
		t.Fatalf("add after close: %v", err)
	}
	if err := b.Flush(t.Context()); !errors.Is(err, eventstore.ErrClosed) {
		t.Fatalf("flush after close: %v", err)
	}
	if got := head(t, s); got != 0 {
		t.Fatalf("head is %d: close stored what was not flushed", got)
	}
}
