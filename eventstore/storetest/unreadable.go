package storetest

import (
	"errors"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// testUnreadable reads a log in which something is no event: whoever meets it
// is told where it is, and what does not concern it goes on.
func testUnreadable(t *testing.T, features Features, open func(t *testing.T) eventstore.Log) {
	if features.Spoil == nil {
		t.Skip("the store says no way to put into its log what is no event")
	}
	s := open(t)
	f := newFacts(61)
	agg, other := f.aggregate(), f.aggregate()
	before := f.events(agg, 3)
	appendAll(t, s, event.None(), before...)
	features.Spoil(t, s, agg)
	after := f.events(other, 3)
	if at := appendAll(t, s, event.None(), after...); at.Position != 7 || at.Version != 3 {
		t.Fatalf("the append behind it is at %+v", at)
	}

	_, err := s.Version(t.Context(), agg)
	wantUnreadable(t, "version", err)
	_, err = s.Read(t.Context(), agg, 1)
	wantUnreadable(t, "read", err)
	_, err = s.ReadAll(t.Context(), 1, 10)
	wantUnreadable(t, "read all", err)
	_, err = s.Append(t.Context(), agg, event.Any(), f.event(agg))
	wantUnreadable(t, "append", err)
	_, err = s.Bulk(t.Context())
	wantUnreadable(t, "bulk", err)
	_, err = eventstore.Verify(t.Context(), s)
	wantUnreadable(t, "verify", err)

	got, err := s.Read(t.Context(), other, 1)
	if err != nil {
		t.Fatalf("reading another aggregate: %v", err)
	}
	sameEvents(t, after, got)
	got, err = s.ReadAll(t.Context(), 1, 3)
	if err != nil {
		t.Fatalf("reading what is before it: %v", err)
	}
	sameEvents(t, before, got)
	followOver(t, s, before, after)
}

// followOver follows up to what is no event, and on from there.
func followOver(t *testing.T, s eventstore.Log, before, after []event.Event) {
	t.Helper()
	var got []event.Recorded
	for batch, err := range s.Follow(t.Context(), 0) {
		if got = append(got, batch...); err != nil {
			wantUnreadable(t, "follow", err)
		}
	}
	sameEvents(t, before, got)
	sameEvents(t, after, collect(t, s, 4, 7))
}

func wantUnreadable(t *testing.T, what string, err error) {
	t.Helper()
	var unreadable *eventstore.UnreadableError
	if !errors.As(err, &unreadable) || unreadable.Position != 4 || unreadable.Reason == "" {
		t.Fatalf("%s: %v, want an UnreadableError at position 4", what, err)
	}
}
