package main

import (
	"testing"

	refold "github.com/refold-dev/refold/sdk/go"
	"github.com/refold-dev/refold/sdk/go/refoldtest"
)

func TestResourcesAreCountedByStatus(t *testing.T) {
	p := refoldtest.New(t)
	clear(statuses)
	clear(counts)
	event := func(id byte, kind, to string) refoldtest.Event {
		return refoldtest.Event{Type: kind, AggregateType: "compute", AggregateID: refold.UUID{id}, Data: `{"to_status":"` + to + `"}`}
	}
	err := p.Fold(
		event(1, "resource_registered", ""), event(2, "resource_registered", ""), event(3, "resource_registered", ""),
		event(1, "status_changed", "active"), event(2, "status_changed", "active"), event(2, "status_changed", "maintenance"),
		event(1, "metadata_updated", ""),
	)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"active":1,"maintenance":1,"provisioning":1}`
	if got, err := p.Query(""); got != want || err != nil {
		t.Errorf("query = %s, %v; want %s", got, err, want)
	}
	if err := p.Fold(event(1, "status_changed", "maintenance")); err != nil {
		t.Fatal(err)
	}
	const after = `{"maintenance":2,"provisioning":1}`
	if got, _ := p.Query(""); got != after {
		t.Errorf("query = %s, want %s", got, after)
	}
}
