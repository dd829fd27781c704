package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var followCases = []testCase{
	{"catch up, then live, while writers append", testFollowJoin},
	{"from the middle", testFollowMiddle},
	{"several followers", testFollowers},
	{"a done context ends it quietly", testFollowCancel},
	{"cancelled while it waits", testFollowCancelWaiting},
	{"beyond the end is an error", testFollowBeyond},
	{"batches stay as they are", testFollowBatches},
}

// collect follows from a position until it has through, checking that
// positions are contiguous.
func collect(t *testing.T, s eventstore.Log, after, through event.Position) []event.Recorded {
	t.Helper()
	var got []event.Recorded
	for batch, err := range s.Follow(t.Context(), after) {
		if err != nil {
			t.Errorf("follow after %d: %v", after, err)
			return got
		}
		if len(batch) == 0 {
			t.Errorf("follow after %d yielded an empty batch", after)
		}
		for _, r := range batch {
			if want := after + event.Position(len(got)) + 1; r.Position != want {
				t.Errorf("position %d where %d should be", r.Position, want)
			}
			got = append(got, r)
		}
		if got[len(got)-1].Position >= through {
			return got
		}
	}
	t.Errorf("follow after %d ended with %d events", after, len(got))
	return got
}

// testFollowJoin starts followers before, between and after writers, so that
// each has its own moment to go from stored to live events.
func testFollowJoin(t *testing.T, s eventstore.Log) {
	f := newFacts(50)
	const each = 40
	appendAll(t, s, event.None(), f.events(f.aggregate(), 30)...)
	const total = 30 + writers*each
	var followers sync.WaitGroup
	logs := make([][]event.Recorded, writers)
	together(func(writer int) {
		agg := f.aggregate()
		for i := range each {
			if i == writer*each/writers {
				followers.Go(func() { logs[writer] = collect(t, s, 0, total) })
			}
			if _, err := s.Append(t.Context(), agg, event.Exactly(event.Version(i)), f.event(agg)); err != nil {
				t.Errorf("append: %v", err)
			}
		}
	})
	followers.Wait()
	all, err := s.ReadAll(t.Context(), 1, total+1)
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range logs {
		sameLog(t, all, log)
	}
}

func testFollowMiddle(t *testing.T, s eventstore.Log) {
	f := newFacts(51)
	events := f.events(f.aggregate(), 20)
	appendAll(t, s, event.None(), events...)
	sameEvents(t, events[12:], collect(t, s, 12, 20))
}

func testFollowers(t *testing.T, s eventstore.Log) {
	f := newFacts(52)
	events := f.events(f.aggregate(), 50)
	appendAll(t, s, event.None(), events[:5]...)
	var followers sync.WaitGroup
	for i := range 5 {
		followers.Go(func() {
			got := collect(t, s, event.Position(i), 50)
			if len(got) != 50-i {
				t.Errorf("follower after %d got %d events", i, len(got))
			}
		})
	}
	for i, e := range events[5:] {
		appendAll(t, s, event.Exactly(event.Version(i+5)), e)
	}
	followers.Wait()
}

func testFollowCancel(t *testing.T, s eventstore.Log) {
	f := newFacts(53)
	appendAll(t, s, event.None(), f.event(f.aggregate()))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	batches := 0
	for _, err := range s.Follow(ctx, 0) {
		if err != nil {
			t.Fatalf("follow: %v", err)
		}
		batches++
		cancel()
	}
	if batches != 1 {
		t.Fatalf("%d batches for one event", batches)
	}
}

func testFollowCancelWaiting(t *testing.T, s eventstore.Log) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for batch, err := range s.Follow(ctx, 0) {
			t.Errorf("an empty log yielded %v, %v", batch, err)
		}
	}()
	cancel()
	<-ended
}

// testFollowBeyond follows a log that is shorter than what was read before.
func testFollowBeyond(t *testing.T, s eventstore.Log) {
	f := newFacts(54)
	appendAll(t, s, event.None(), f.events(f.aggregate(), 3)...)
	yields := 0
	for batch, err := range s.Follow(t.Context(), 7) {
		yields++
		var gap *eventstore.GapError
		if len(batch) != 0 || !errors.As(err, &gap) || *gap != (eventstore.GapError{Expected: 8, Actual: 4}) {
			t.Fatalf("following beyond the end yielded %v, %v", batch, err)
		}
	}
	if yields != 1 {
		t.Fatalf("%d yields, want the one error", yields)
	}
}

// testFollowBatches keeps each batch while later ones are read.
func testFollowBatches(t *testing.T, s eventstore.Log) {
	f := newFacts(55)
	events := f.events(f.aggregate(), 300)
	var batches [][]event.Recorded
	seen := 0
	for i := 0; i < len(events); i += 50 {
		appendAll(t, s, event.Exactly(event.Version(i)), events[i:i+50]...)
		for batch, err := range s.Follow(t.Context(), event.Position(seen)) {
			if err != nil {
				t.Fatal(err)
			}
			batches = append(batches, batch)
			if seen += len(batch); seen == i+50 {
				break
			}
		}
	}
	var got []event.Recorded
	for _, batch := range batches {
		got = append(got, batch...)
	}
	sameEvents(t, events, got)
}
