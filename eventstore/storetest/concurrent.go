package storetest

import (
	"errors"
	"sync"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var concurrentCases = []testCase{
	{"one writer wins each version", testOneWins},
	{"writers that expect nothing", testAnyWriters},
	{"writers of several events", testBatchWriters},
	{"the same append from several writers", testSameAppend},
}

const writers = 8

// together runs f in several goroutines at once and waits for them.
func together(f func(writer int)) {
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

func testOneWins(t *testing.T, s eventstore.Log) {
	f := newFacts(30)
	agg := f.aggregate()
	for version := range event.Version(10) {
		var mu sync.Mutex
		won := 0
		together(func(int) {
			at, err := s.Append(t.Context(), agg, event.Exactly(version), f.event(agg))
			mu.Lock()
			defer mu.Unlock()
			var conflict *eventstore.ConflictError
			switch {
			case err == nil && at.Version == version+1:
				won++
			case !errors.As(err, &conflict) || conflict.Actual != version+1:
				t.Errorf("append expecting %d: %+v, %v", version, at, err)
			}
		})
		if won != 1 {
			t.Fatalf("%d writers won version %d", won, version+1)
		}
	}
}

func testAnyWriters(t *testing.T, s eventstore.Log) {
	f := newFacts(31)
	agg := f.aggregate()
	const each = 15
	together(func(int) {
		for range each {
			if _, err := s.Append(t.Context(), agg, event.Any(), f.event(agg)); err != nil {
				t.Errorf("append: %v", err)
			}
		}
	})
	if got := head(t, s); got != writers*each {
		t.Fatalf("head is %d, want %d", got, writers*each)
	}
}

// testBatchWriters has writers append several events at the same version, and
// checks that what was stored is whole appends.
func testBatchWriters(t *testing.T, s eventstore.Log) {
	f := newFacts(32)
	agg := f.aggregate()
	const each, size = 5, 7
	together(func(int) {
		for range each {
			if _, err := s.Append(t.Context(), agg, event.Any(), f.events(agg, size)...); err != nil {
				t.Errorf("append: %v", err)
			}
		}
	})
	if got := head(t, s); got != writers*each*size {
		t.Fatalf("head is %d, want %d", got, writers*each*size)
	}
}

func testSameAppend(t *testing.T, s eventstore.Log) {
	f := newFacts(33)
	agg := f.aggregate()
	events := f.events(agg, 3)
	var mu sync.Mutex
	stored := 0
	together(func(int) {
		at, err := s.Append(t.Context(), agg, event.None(), events...)
		if err != nil || at.Version != 3 {
			t.Errorf("append: %+v, %v", at, err)
		}
		mu.Lock()
		defer mu.Unlock()
		if !at.Duplicate {
			stored++
		}
	})
	if stored != 1 {
		t.Errorf("%d writers stored the append", stored)
	}
	if got := head(t, s); got != 3 {
		t.Fatalf("head is %d, want 3", got)
	}
}
