package upcast_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/storetest"
	"github.com/refold-dev/refold/eventstore/upcast"
)

func TestStoreWithAnEmptyCatalog(t *testing.T) {
	storetest.RunLog(t, storetest.Features{}, func(t *testing.T) eventstore.Log { return open(t, memory.New(), &catalog.Catalog{}) })
}

func open(t *testing.T, inner eventstore.Log, c *catalog.Catalog) *upcast.Log {
	t.Helper()
	s := upcast.Wrap(inner, c)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// hosts has one type, whose version 2 says fqdn for hostname.
func hosts(t *testing.T) *catalog.Catalog {
	t.Helper()
	c, err := catalog.New(catalog.Type{
		Name: "host_registered", Version: 2,
		Upcasters: []catalog.Upcaster{{From: 1, Steps: []catalog.Step{catalog.Rename{Field: "hostname", To: "fqdn"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var agg = event.Aggregate{Type: "host", ID: uuid.MustParse("01900000-0000-7000-8000-0000000000a0")}

func fact(n int, eventType string, schemaVersion uint32, data string) event.Event {
	return event.Event{
		ID: uuid.MustParse(fmt.Sprintf("01900000-0000-7000-8000-%012d", n)), Aggregate: agg, Type: eventType, SchemaVersion: schemaVersion,
		Time: time.Date(2026, 1, 31, 9, 30, n, 0, time.UTC), CorrelationID: agg.ID, Data: json.RawMessage(data),
	}
}

// stored appends events to a store that knows no catalog.
func stored(t *testing.T, events ...event.Event) *memory.Store {
	t.Helper()
	inner := memory.New()
	if _, err := inner.Append(t.Context(), agg, event.None(), events...); err != nil {
		t.Fatal(err)
	}
	return inner
}

// readers are the ways to read a log of one aggregate, from its n-th event on.
var readers = map[string]func(ctx context.Context, s eventstore.Log, n int) ([]event.Recorded, error){
	"Read": func(ctx context.Context, s eventstore.Log, n int) ([]event.Recorded, error) {
		return s.Read(ctx, agg, event.Version(n))
	},
	"ReadAll": func(ctx context.Context, s eventstore.Log, n int) ([]event.Recorded, error) {
		return s.ReadAll(ctx, event.Position(n), 100)
	},
	"Follow": func(ctx context.Context, s eventstore.Log, n int) (all []event.Recorded, err error) {
		head, err := s.Head(ctx)
		if err != nil {
			return nil, err
		}
		for batch, err := range s.Follow(ctx, event.Position(n-1)) {
			if all = append(all, batch...); err != nil || all[len(all)-1].Position == head {
				return all, err
			}
		}
		return all, errors.New("follow ended")
	},
}

// lines are what a reader sees of an event.
func lines(events []event.Recorded) (out []string) {
	for _, r := range events {
		out = append(out, fmt.Sprintf("%d/%d %s v%d %s", r.Position, r.Version, r.Type, r.SchemaVersion, r.Data))
	}
	return out
}

func TestReadersGetCurrentEvents(t *testing.T) {
	inner := stored(t,
		fact(1, "host_registered", 2, `{"fqdn":"a"}`), fact(2, "host_registered", 1, `{"n":1.0,"hostname":"b"}`),
		fact(3, "host_painted", 7, `{"hostname":"c"}`), fact(4, "host_registered", 0, `{"hostname":"d"}`))
	s := open(t, inner, hosts(t))
	want := []string{
		`1/1 host_registered v2 {"fqdn":"a"}`, `2/2 host_registered v2 {"n":1.0,"fqdn":"b"}`,
		`3/3 host_painted v7 {"hostname":"c"}`, `4/4 host_registered v2 {"fqdn":"d"}`,
	}
	before, err := inner.ReadAll(t.Context(), 1, 100)
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range readers {
		for n := 1; n <= 4; n++ {
			got, err := read(t.Context(), s, n)
			if diff := cmp.Diff(want[n-1:], lines(got)); err != nil || diff != "" {
				t.Errorf("%s from %d: %v\n%s", name, n, err, diff)
			}
		}
	}
	after, err := inner.ReadAll(t.Context(), 1, 100)
	if diff := cmp.Diff(before, after); err != nil || diff != "" {
		t.Errorf("the stored log changed: %v\n%s", err, diff)
	}
	storetest.Verify(t, s)
}

// What cannot be read has a position, comes behind what is before it, and can be
// passed over by whoever decides so.
func TestWhatCannotBeRead(t *testing.T) {
	inner := stored(t,
		fact(1, "host_registered", 1, `{"hostname":"a"}`), fact(2, "host_registered", 2, `{"fqdn":"b"}`),
		fact(3, "host_registered", 3, `{"name":"c"}`), fact(4, "host_registered", 1, `{}`), fact(5, "host_registered", 1, `{"hostname":"e"}`))
	s := open(t, inner, hosts(t))
	newer := &catalog.NewerSchemaError{Type: "host_registered", Known: 2, Found: 3, Position: 3}
	broken := &catalog.UpcastError{
		Type: "host_registered", From: 1, To: 2, EventID: fact(4, "", 0, "").ID, Position: 4, Err: &catalog.MissingFieldError{Field: "hostname"},
	}
	tests := []struct {
		from int
		want []string
		err  error
	}{
		{1, []string{`1/1 host_registered v2 {"fqdn":"a"}`, `2/2 host_registered v2 {"fqdn":"b"}`}, newer},
		{3, nil, newer},
		{4, nil, broken},
		{5, []string{`5/5 host_registered v2 {"fqdn":"e"}`}, nil},
	}
	for name, read := range readers {
		for _, tt := range tests {
			got, err := read(t.Context(), s, tt.from)
			if diff := cmp.Diff(tt.want, lines(got)); diff != "" {
				t.Errorf("%s from %d:\n%s", name, tt.from, diff)
			}
			if diff := cmp.Diff(tt.err, err); diff != "" {
				t.Errorf("%s from %d: error (-want +got):\n%s", name, tt.from, diff)
			}
		}
	}
}

func TestNothingIsStoredThatCannotBeRead(t *testing.T) {
	tests := []struct {
		name    string
		catalog *catalog.Catalog
		bad     event.Event
		want    error
	}{
		{"a newer version", hosts(t), fact(2, "host_registered", 3, `{}`), &catalog.NewerSchemaError{Type: "host_registered", Known: 2, Found: 3}},
		{"an unknown type, strictly", hosts(t).Strict(), fact(2, "host_painted", 1, `{}`), &catalog.UnknownTypeError{Type: "host_painted"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, memory.New(), tt.catalog)
			good := fact(1, "host_registered", 1, `{"hostname":"a"}`)
			_, err := s.Append(t.Context(), agg, event.None(), good, tt.bad)
			if diff := cmp.Diff(tt.want, root(err)); diff != "" {
				t.Errorf("append (-want +got):\n%s", diff)
			}
			b, err := s.Bulk(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			added, err := b.Add(t.Context(), tt.bad)
			if diff := cmp.Diff(tt.want, root(err)); diff != "" || added {
				t.Errorf("import: added %v (-want +got):\n%s", added, diff)
			}
			if err := errors.Join(b.Flush(t.Context()), b.Close()); err != nil {
				t.Error(err)
			}
			if head, err := s.Head(t.Context()); head != 0 || err != nil {
				t.Errorf("%d events are stored, %v", head, err)
			}
		})
	}
}

func root(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}

// Old events can still be written: an import of an old log, or a writer that has
// not been brought up to date.
func TestOldEventsAreStoredAsTheyCome(t *testing.T) {
	inner := memory.New()
	s := open(t, inner, hosts(t))
	old := fact(1, "host_registered", 1, `{"hostname":"a"}`)
	for _, duplicate := range []bool{false, true} {
		if at, err := s.Append(t.Context(), agg, event.None(), old); err != nil || at.Duplicate != duplicate {
			t.Fatalf("append: %+v, %v", at, err)
		}
	}
	b, err := s.Bulk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if added, err := b.Add(t.Context(), fact(2, "host_registered", 1, `{"hostname":"b"}`)); err != nil || !added {
		t.Fatalf("add: %v, %v", added, err)
	}
	if err := errors.Join(b.Flush(t.Context()), b.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := inner.ReadAll(t.Context(), 1, 9)
	want := []string{`1/1 host_registered v1 {"hostname":"a"}`, `2/2 host_registered v1 {"hostname":"b"}`}
	if diff := cmp.Diff(want, lines(got)); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// A reader that leaves the loop, or whose context ends, sees no error.
func TestFollowEndsQuietly(t *testing.T) {
	s := open(t, stored(t, fact(1, "host_registered", 1, `{"hostname":"a"}`), fact(2, "host_registered", 3, `{}`)), hosts(t))
	for batch, err := range s.Follow(t.Context(), 0) {
		if len(batch) != 1 || err != nil {
			t.Errorf("%v, %v", batch, err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for batch, err := range s.Follow(ctx, 0) {
		t.Errorf("%v, %v", batch, err)
	}
}

// sharing hands out one and the same slice, as a store with a cache may.
type sharing struct {
	eventstore.Log
	events []event.Recorded
}

func (s *sharing) ReadAll(context.Context, event.Position, int) ([]event.Recorded, error) {
	return s.events, nil
}

func TestTheStoresSliceIsNotWrittenTo(t *testing.T) {
	inner := stored(t, fact(1, "host_registered", 2, `{"fqdn":"a"}`), fact(2, "host_registered", 1, `{"hostname":"b"}`))
	events, err := inner.ReadAll(t.Context(), 1, 9)
	if err != nil {
		t.Fatal(err)
	}
	before := lines(events)
	got, err := open(t, &sharing{inner, events}, hosts(t)).ReadAll(t.Context(), 1, 9)
	if err != nil || got[1].SchemaVersion != 2 {
		t.Fatalf("%q, %v", lines(got), err)
	}
	if diff := cmp.Diff(before, lines(events)); diff != "" {
		t.Errorf("the slice changed:\n%s", diff)
	}
}
