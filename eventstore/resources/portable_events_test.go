package resources_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/resources"
)

// tagged is the type of the upcasting cases: version 2 has tags, version 3 calls
// the hostname fqdn.
func tagged(t *testing.T) *catalog.Catalog {
	c, err := catalog.New(catalog.Type{
		Name: "resource_registered", Version: 3,
		Fields: []catalog.Field{{Name: "fqdn", Type: catalog.StringType}, {Name: "hostname", Presence: catalog.Forbidden}},
		Upcasters: []catalog.Upcaster{
			{From: 1, Steps: []catalog.Step{catalog.Add{Field: "tags", Default: []byte(`[]`)}}},
			{From: 2, Steps: []catalog.Step{catalog.Rename{Field: "hostname", To: "fqdn"}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func old(version uint32, data string) event.Event {
	return event.Event{ID: numbered(1), Aggregate: event.Aggregate{Type: "compute", ID: numbered(0xa0)}, Type: "resource_registered", SchemaVersion: version, Time: origin(1).Time, CorrelationID: numbered(2), Data: []byte(data)}
}

func caseUpcast(t *testing.T, version uint32, data, want string) {
	e, err := tagged(t).Upcast(old(version, data))
	var got, wanted map[string]any
	if err := errors.Join(err, json.Unmarshal(e.Data, &got), json.Unmarshal([]byte(want), &wanted)); err != nil {
		t.Fatal(err)
	}
	if e.SchemaVersion != 3 || !reflect.DeepEqual(got, wanted) {
		t.Errorf("version %d: %s, want %s", e.SchemaVersion, e.Data, want)
	}
}

func caseMissingField(t *testing.T) {
	_, err := tagged(t).Upcast(old(2, `{"tags":[]}`))
	wantError(t, err, func(e *catalog.MissingFieldError) bool { return e.Field == "hostname" })
}

func caseDowngrade(t *testing.T) {
	e := old(2, `{"hostname":"a.b","tags":[]}`)
	_, err := tagged(t).UpcastTo(e, 1)
	wantError(t, err, func(e *catalog.UnsupportedVersionError) bool { return e.From == 2 && e.To == 1 })
	same, err := tagged(t).UpcastTo(e, 2)
	if err != nil || !reflect.DeepEqual(same, e) {
		t.Errorf("%+v, %v", same, err)
	}
}

func aggregateOf(id uuid.UUID) event.Aggregate {
	return event.Aggregate{Type: compute.AggregateType, ID: id}
}

func read(t *testing.T, store *memory.Store, id uuid.UUID, from event.Version) []event.Recorded {
	t.Helper()
	events, err := store.Read(t.Context(), aggregateOf(id), from)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// appendTo appends n events of a resource's life, and returns its version.
func appendTo(t *testing.T, store *memory.Store, id uuid.UUID, expected event.Expected, n int) (event.Version, error) {
	t.Helper()
	at, err := store.Append(t.Context(), aggregateOf(id), expected, life(id, n)...)
	return at.Version, err
}

func caseExpected(t *testing.T) {
	store, id := memory.New(), numbered(0xa0)
	for n, want := range []event.Version{1, 2} {
		if v, err := appendTo(t, store, id, event.Exactly(event.Version(n)), 1); err != nil || v != want {
			t.Errorf("version %d, %v, want %d", v, err, want)
		}
	}
	_, err := appendTo(t, store, id, event.Exactly(0), 1)
	wantError(t, err, func(e *eventstore.ConflictError) bool { return e.Expected.Version() == 0 && e.Actual == 2 })
	if got := len(read(t, store, id, 1)); got != 2 {
		t.Errorf("%d events", got)
	}
}

func caseBatches(t *testing.T) {
	for i, n := range []int{10, 100, 1000} {
		store := memory.New()
		if v, err := appendTo(t, store, numbered(i), event.None(), n); err != nil || int(v) != n {
			t.Errorf("version %d, %v, want %d", v, err, n)
		}
		for j, e := range read(t, store, numbered(i), 1) {
			if int(e.Version) != j+1 {
				t.Fatalf("event %d has version %d", j+1, e.Version)
			}
		}
	}
	store, id := memory.New(), numbered(0xa0)
	for want := 10; want <= 50; want += 10 {
		if v, err := appendTo(t, store, id, event.Exactly(event.Version(want-10)), 10); err != nil || int(v) != want {
			t.Errorf("version %d, %v, want %d", v, err, want)
		}
	}
}

func caseReadFrom(t *testing.T) {
	store, id := memory.New(), numbered(0xa0)
	if _, err := appendTo(t, store, id, event.None(), 10); err != nil {
		t.Fatal(err)
	}
	events := read(t, store, id, 5)
	if len(events) != 6 || events[0].Version != 5 || events[5].Version != 10 {
		t.Errorf("%d events", len(events))
	}
}

func caseApart(t *testing.T) {
	store := memory.New()
	for n := range 10 {
		if _, err := appendTo(t, store, numbered(0xa0+n), event.None(), 5); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 10 {
		if got := len(read(t, store, numbered(0xa0+n), 1)); got != 5 {
			t.Errorf("aggregate %d has %d events", n, got)
		}
	}
	s := resources.New(store, resources.Options{})
	for n := range 3 {
		c := registration(t, 0x200+n, "a.b")
		c.CorrelationID = numbered(0xc1)
		if _, err := s.RegisterResource(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := store.ReadCorrelation(t.Context(), numbered(0xc1)); err != nil || len(found) != 3 {
		t.Errorf("%d events, %v", len(found), err)
	}
}

func caseEmpty(t *testing.T) {
	store, id := memory.New(), numbered(0xa0)
	if v, err := appendTo(t, store, id, event.Any(), 0); err != nil || v != 0 {
		t.Errorf("version %d, %v", v, err)
	}
	v, err := store.Version(t.Context(), aggregateOf(id))
	if got := read(t, store, id, 1); len(got) != 0 || v != 0 || err != nil {
		t.Errorf("%d events, version %d, %v", len(got), v, err)
	}
}
