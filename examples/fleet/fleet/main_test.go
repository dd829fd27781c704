package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/sdk/frame"
	refold "github.com/refold-dev/refold/sdk/go"
	"github.com/refold-dev/refold/sdk/go/refoldtest"
)

var (
	web = refold.UUID{15: 1}
	now = time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
)

func event(kind, data string) refoldtest.Event {
	return refoldtest.Event{Type: kind, AggregateType: "compute", AggregateID: web, Time: now, Data: data}
}

func TestResourceHasOneRow(t *testing.T) {
	p := refoldtest.New(t)
	err := p.Fold(
		event("resource_registered", `{"hostname":"web-1","resource_type":"virtual_machine"}`),
		event("organization_assigned", `{"organization_id":"00000000-0000-4000-8000-0000000000aa"}`),
		event("status_changed", `{"from_status":"provisioning","to_status":"active"}`),
	)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := p.State(web.String())
	want := `{"hostname":"web-1","type":"virtual_machine","status":"active","organization":"00000000-0000-4000-8000-0000000000aa"}`
	if got != want {
		t.Errorf("state is %s, want %s", got, want)
	}
	effects := p.Effects()
	last := refoldtest.Effect{Position: 3, Kind: frame.Insert, Name: "fleet", Body: `{"id":"00000000-0000-0000-0000-000000000001",` +
		`"hostname":"web-1","type":"virtual_machine","status":"active","updated":"2026-01-31T09:30:00Z"}`}
	if diff := cmp.Diff(last, effects[len(effects)-1]); len(effects) != 3 || diff != "" {
		t.Errorf("%d effects, the last:\n%s", len(effects), diff)
	}
}

func TestStatusChangeWithoutStatusIsRejected(t *testing.T) {
	p := refoldtest.New(t)
	err := p.Fold(
		event("resource_registered", `{"hostname":"web-1","resource_type":"router"}`),
		event("status_changed", `{"to_status":7}`),
	)
	if err == nil || !strings.Contains(err.Error(), "position 2") {
		t.Fatalf("error is %v, want a rejection at position 2", err)
	}
	if len(p.Effects()) != 0 || len(p.Keys()) != 0 {
		t.Error("a rejected batch left a trace")
	}
}
