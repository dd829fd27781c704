// Package fleet_test folds events with the guests of this folder in the real
// sandbox.
package fleet_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/runtime/plugintest"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/manifest"
)

func TestGuestsInTheSandbox(t *testing.T) {
	for _, name := range []string{"fleet", "fleet_status"} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer host.Close(ctx)
			m, err := host.Load(ctx, conformance.BuildGo(t, name), wasm.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			instance, err := m.Instantiate(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer instance.Close(ctx)
			result := fold(t, instance, m.Manifest())
			if name == "fleet" {
				const want = `{"hostname":"web-1","type":"router","status":"active"}`
				if got := string(*result.Groups[0].State); got != want || len(result.Effects) != 2 {
					t.Errorf("state %s and %d effects; want %s and 2", got, len(result.Effects), want)
				}
				return
			}
			answer, err := instance.Query(ctx, nil)
			if string(answer) != `{"active":1}` || err != nil {
				t.Errorf("answer is %s, %v", answer, err)
			}
		})
	}
}

// TestCases runs the cases of each guest, as refold plugin test does.
func TestCases(t *testing.T) {
	for _, name := range []string{"fleet", "fleet_status"} {
		t.Run(name, func(t *testing.T) { plugintest.Test(t, name+"_test.yaml", conformance.BuildGo(t, name)) })
	}
}

// fold registers a resource and activates it.
func fold(t *testing.T, instance *wasm.Instance, m manifest.Manifest) framejson.Result {
	t.Helper()
	id := uuid.MustParse("00000000-0000-4000-8000-000000000001")
	values := []map[string]string{{"hostname": "web-1", "resource_type": "router"}, {"to_status": "active"}}
	var g framejson.Group
	if m.State == manifest.Keyed {
		key := framejson.Text(id.String())
		g.Key = &key
	}
	for i, name := range []string{"resource_registered", "status_changed"} {
		e := framejson.Event{Position: uint64(i + 1), Type: name, AggregateType: "compute", AggregateID: id}
		for _, f := range m.Fields {
			slot := framejson.Slot{Kind: "null"}
			if v, ok := values[i][f.Path]; ok {
				slot = framejson.Slot{Kind: "string", Value: framejson.Text(v)}
			}
			e.Slots = append(e.Slots, slot)
		}
		g.Events = append(g.Events, e)
	}
	text, err := framejson.Batch{Types: m.Events, SlotsPerEvent: len(m.Fields), Groups: []framejson.Group{g}}.Frame()
	if err != nil {
		t.Fatal(err)
	}
	out, err := instance.Fold(context.Background(), text)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := frame.OpenBatch(text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := frame.OpenResult(out, batch)
	if err != nil {
		t.Fatal(err)
	}
	return framejson.OfResult(r)
}
