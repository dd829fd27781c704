package storetest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// facts makes events that differ in everything a test might confuse. The same
// sequence of calls makes the same events.
type facts struct{ n atomic.Uint64 }

// newFacts returns a maker whose ids start in the given block of a million.
func newFacts(block uint64) *facts {
	f := &facts{}
	f.n.Store(block * 1_000_000)
	return f
}

func (f *facts) id() uuid.UUID {
	var name [8]byte
	binary.BigEndian.PutUint64(name[:], f.n.Add(1))
	return uuid.NewSHA1(uuid.NameSpaceOID, name[:])
}

func (f *facts) aggregate() event.Aggregate {
	return event.Aggregate{Type: "compute_resource", ID: f.id()}
}

// event makes one event of an aggregate.
func (f *facts) event(agg event.Aggregate) event.Event {
	id := f.id()
	n := f.n.Load()
	return event.Event{
		ID:            id,
		Aggregate:     agg,
		Type:          []string{"resource_registered", "status_changed", "policy_added"}[n%3],
		SchemaVersion: uint32(n%4 + 1),
		Time:          time.Unix(1_700_000_000+int64(n%1000), int64(n%1_000_000_007)).UTC(),
		CorrelationID: f.id(),
		Data:          json.RawMessage(fmt.Sprintf(`{"n":%d,"text":"käse \"%d\""}`, n, n%7)),
	}
}

func (f *facts) events(agg event.Aggregate, count int) []event.Event {
	out := make([]event.Event, count)
	for i := range out {
		out[i] = f.event(agg)
	}
	return out
}

// appendAll appends events in one call and returns where the last one stands.
func appendAll(t *testing.T, s eventstore.Log, expected event.Expected, events ...event.Event) eventstore.Appended {
	t.Helper()
	at, err := s.Append(t.Context(), events[0].Aggregate, expected, events...)
	if err != nil {
		t.Fatalf("append of %d events, expecting %s: %v", len(events), expected, err)
	}
	return at
}

func head(t *testing.T, s eventstore.Log) event.Position {
	t.Helper()
	p, err := s.Head(t.Context())
	if err != nil {
		t.Fatalf("head: %v", err)
	}
	return p
}

// sameEvents reports how recorded events differ from those appended.
func sameEvents(t *testing.T, want []event.Event, got []event.Recorded) {
	t.Helper()
	plain := make([]event.Event, len(got))
	for i := range got {
		plain[i] = got[i].Event
	}
	if !slices.EqualFunc(want, plain, equal) {
		t.Fatalf("events differ (-appended +read):\n%s", cmp.Diff(want, plain))
	}
}

// sameLog reports how two readings of the log differ.
func sameLog(t *testing.T, want, got []event.Recorded) {
	t.Helper()
	if !slices.EqualFunc(want, got, equalRecorded) {
		t.Errorf("readings differ (-log +got):\n%s", cmp.Diff(want, got))
	}
}

func equalRecorded(a, b event.Recorded) bool {
	return a.Position == b.Position && a.Version == b.Version && equal(a.Event, b.Event)
}

// equal is what cmp.Equal says of two events, for logs that are long.
func equal(a, b event.Event) bool {
	return a.ID == b.ID && a.Aggregate == b.Aggregate && a.Type == b.Type && a.SchemaVersion == b.SchemaVersion &&
		a.Time.Equal(b.Time) && a.CorrelationID == b.CorrelationID && a.CausationID == b.CausationID &&
		bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Metadata, b.Metadata) && (a.Metadata == nil) == (b.Metadata == nil)
}
