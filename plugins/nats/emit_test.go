package nats_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/plugins/nats"
)

func emitted(cause event.Position, name, key, data string) effect.Effect {
	return effect.Effect{
		Kind: effect.EmitEvent, Cause: cause, Name: name, Key: key, Body: json.RawMessage(data),
		CauseID: uuid.UUID{0: 9, 15: byte(cause)}, CorrelationID: uuid.UUID{15: 2}, CauseTime: time.Unix(1_700_000_000+int64(cause), 0).UTC(),
	}
}

// emitInto appends a batch's events to what is returned.
func emitInto(t *testing.T, c nats.EmitConfig, b effect.Batch) (all []event.Event) {
	t.Helper()
	e, err := nats.NewEmitter(func(_ context.Context, e event.Event) error { all = append(all, e); return nil }, c)
	if err == nil {
		err = e.Execute(t.Context(), b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestEmittedEvent is invariant 1: nothing of the event is of the generation or
// the day. What it is is for ever, ids of aggregates that are only named included.
func TestEmittedEvent(t *testing.T) {
	order := uuid.MustParse("01900000-0000-7000-8000-0000000000a0")
	b := effect.Batch{Pipeline: "low-stock", Generation: 3, Through: 9, Effects: []effect.Effect{
		emitted(7, "low_stock", "", "{\n\"n\":1}"),
		{Kind: effect.Insert, Cause: 7, Ordinal: 1},
		emitted(8, "order_held", "order-"+order.String(), `{}`),
		emitted(9, "told", "shelf-7", `{}`),
	}}
	b.Effects[0].Ordinal = 2
	cause := uuid.NullUUID{Valid: true}
	event7 := event.Event{
		ID: effect.EventID("low-stock", 7, 2), Aggregate: event.Aggregate{Type: "low_stock", ID: uuid.UUID{15: 2}}, Type: "low_stock",
		SchemaVersion: 1, Time: time.Unix(1_700_000_007, 0).UTC(), CorrelationID: uuid.UUID{15: 2}, CausationID: cause, Data: json.RawMessage(`{"n":1}`),
	}
	event7.CausationID.UUID = uuid.UUID{0: 9, 15: 7}
	event8 := event7
	event8.ID, event8.CausationID.UUID, event8.Time = effect.EventID("low-stock", 8, 0), uuid.UUID{0: 9, 15: 8}, time.Unix(1_700_000_008, 0).UTC()
	event8.Aggregate, event8.Type, event8.Data = event.Aggregate{Type: "order", ID: order}, "order_held", json.RawMessage(`{}`)
	event9 := event8
	event9.ID, event9.CausationID.UUID, event9.Time = effect.EventID("low-stock", 9, 0), uuid.UUID{0: 9, 15: 9}, time.Unix(1_700_000_009, 0).UTC()
	event9.Aggregate, event9.Type, event9.Metadata = event.Aggregate{Type: "shelf", ID: uuid.MustParse("6ef76480-876d-5a43-b408-b92c34350eae")}, "told", json.RawMessage(`{"stream":"shelf-7"}`)

	got := emitInto(t, nats.EmitConfig{}, b)
	if diff := cmp.Diff([]event.Event{event7, event8, event9}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Generation = 4
	if diff := cmp.Diff(got, emitInto(t, nats.EmitConfig{}, b)); diff != "" {
		t.Errorf("another generation emits other events (-one +other):\n%s", diff)
	}
	told := nats.EmitConfig{AggregateType: "watch", SchemaVersions: map[string]uint32{"low_stock": 3}}
	if as := emitInto(t, told, b); as[0].Aggregate.Type != "watch" || as[0].SchemaVersion != 3 || as[1].SchemaVersion != 1 || as[1].Aggregate.Type != "order" {
		t.Errorf("with %+v: %+v", told, as)
	}
}

func TestEventsThatAreNone(t *testing.T) {
	for want, f := range map[string]effect.Effect{
		`field "type": "LowStock" must be snake_case`: emitted(1, "LowStock", "", `{}`),
		`field "type": must not be empty`:             emitted(1, "", "", `{}`),
		`field "data": must be a JSON object`:         emitted(1, "low_stock", "", `[]`),
		`field "data": is not valid JSON`:             emitted(1, "low_stock", "", `{"a"`),
		`the stream "2nd shelf-1" must begin with an`: emitted(1, "low_stock", "2nd shelf-1", `{}`),
	} {
		e, err := nats.NewEmitter(func(context.Context, event.Event) error { t.Error("an event is appended"); return nil }, nats.EmitConfig{})
		if err != nil {
			t.Fatal(err)
		}
		err = e.Execute(t.Context(), effect.Batch{Pipeline: "p", Through: 1, Effects: []effect.Effect{f}})
		var condemned *effect.PoisonError
		if !errors.As(err, &condemned) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for _, c := range []nats.EmitConfig{{AggregateType: "Low"}, {SchemaVersions: map[string]uint32{"a": 0}}, {SchemaVersions: map[string]uint32{"A": 1}}} {
		if c.Validate() == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

// TestEmittedTwice: a crash between append and checkpoint, or a replay, adds
// nothing to the log.
func TestEmittedTwice(t *testing.T) {
	log := memory.New()
	appendTo := func(ctx context.Context, e event.Event) error {
		_, err := log.Append(ctx, e.Aggregate, event.Any(), e)
		return err
	}
	var effects []effect.Effect
	for at := event.Position(1); at <= 20; at++ {
		effects = append(effects, emitted(at, "told", "", `{}`))
	}
	for generation, through := range []event.Position{20, 12, 20} {
		e, err := nats.NewEmitter(appendTo, nats.EmitConfig{})
		if err != nil {
			t.Fatal(err)
		}
		b := effect.Batch{Pipeline: "p", Generation: uint64(1 + generation/2), Through: through, Effects: effects[:through]}
		if err := e.Execute(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	all, err := log.ReadAll(t.Context(), 1, 100)
	if err != nil || len(all) != 20 {
		t.Fatalf("%d events in the log, %v", len(all), err)
	}
	for i, r := range all {
		if r.ID != effect.EventID("p", event.Position(i+1), 0) {
			t.Errorf("position %d has event %s", i+1, r.ID)
		}
	}
}
