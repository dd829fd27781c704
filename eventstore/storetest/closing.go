package storetest

import (
	"errors"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// testClose closes a store under a follower, and twice.
func testClose(t *testing.T, s eventstore.Log) {
	f := newFacts(60)
	appendAll(t, s, event.None(), f.event(f.aggregate()))
	var last error
	for _, err := range s.Follow(t.Context(), 0) {
		if last = err; err == nil {
			if err := s.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
		}
	}
	if !errors.Is(last, eventstore.ErrClosed) {
		t.Fatalf("the follower of a closed store ended with %v", last)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("closing twice: %v", err)
	}
	e := f.event(f.aggregate())
	if _, err := s.Append(t.Context(), e.Aggregate, event.None(), e); !errors.Is(err, eventstore.ErrClosed) {
		t.Fatalf("append after close: %v", err)
	}
	if _, err := s.Head(t.Context()); !errors.Is(err, eventstore.ErrClosed) {
		t.Fatalf("head after close: %v", err)
	}
}
