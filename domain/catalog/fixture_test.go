package catalog_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
)

// registered is the type of the conformance cases: version 2 has tags, version
// 3 calls the hostname fqdn.
func registered() catalog.Type {
	return catalog.Type{
		Name:    "resource_registered",
		Version: 3,
		Fields: []catalog.Field{
			{Name: "fqdn", Type: catalog.StringType},
			{Name: "tags", Type: catalog.ArrayType},
			{Name: "hostname", Presence: catalog.Forbidden},
		},
		Upcasters: []catalog.Upcaster{
			{
				From:   1,
				Steps:  []catalog.Step{catalog.Add{Field: "tags", Default: []byte(`[]`)}},
				Fields: []catalog.Field{{Name: "tags", Type: catalog.ArrayType}},
			},
			{From: 2, Steps: []catalog.Step{catalog.Rename{Field: "hostname", To: "fqdn"}}},
		},
	}
}

func newCatalog(t testing.TB, types ...catalog.Type) *catalog.Catalog {
	t.Helper()
	c, err := catalog.New(types...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// oneStep is a catalog of one type, whose version 2 comes from steps.
func oneStep(t testing.TB, steps ...catalog.Step) *catalog.Catalog {
	t.Helper()
	return newCatalog(t, catalog.Type{Name: "changed", Version: 2, Upcasters: []catalog.Upcaster{{From: 1, Steps: steps}}})
}

func fact(eventType string, version uint32, data string) event.Event {
	id := uuid.MustParse("01900000-0000-7000-8000-000000000001")
	return event.Event{
		ID:            id,
		Aggregate:     event.Aggregate{Type: "compute_resource", ID: id},
		Type:          eventType,
		SchemaVersion: version,
		Time:          time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC),
		CorrelationID: id,
		Data:          json.RawMessage(data),
	}
}

const (
	v1 = `{"hostname":"a.example.com","resource_type":"router"}`
	v2 = `{"hostname":"a.example.com","resource_type":"router","tags":["production"]}`
	v3 = `{"fqdn":"a.example.com","resource_type":"router","tags":["production"]}`
)
