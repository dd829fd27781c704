package frame_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
)

var (
	texts = rapid.Map(rapid.OneOf(
		rapid.SliceOfN(rapid.Byte(), 0, 40),
		rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }),
	), func(b []byte) framejson.Text { return append(framejson.Text{}, b...) })
	optionalTexts = rapid.Ptr(texts, true)
	uuids         = rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) uuid.UUID { return uuid.UUID(b) })
	typeNames     = rapid.SampledFrom([]string{"file_added", "file_deleted", "größe", "", "status_changed"})
)

func drawSlot(t *rapid.T) framejson.Slot {
	slot := frame.Slot{}
	switch kind := frame.Kind(rapid.Uint32Range(0, uint32(frame.JSON)).Draw(t, "kind")); kind {
	case frame.Bool:
		slot = frame.BoolSlot(rapid.Bool().Draw(t, "bool"))
	case frame.Int64:
		slot = frame.IntSlot(rapid.Int64().Draw(t, "int"))
	case frame.Time:
		slot = frame.TimeSlot(rapid.Int64().Draw(t, "time"))
	case frame.Float64:
		slot = frame.FloatSlot(rapid.Float64().Draw(t, "float"))
	case frame.UUID:
		id := uuids.Draw(t, "uuid")
		slot = frame.BytesSlot(kind, id[:])
	case frame.String, frame.Bytes, frame.JSON:
		slot = frame.BytesSlot(kind, texts.Draw(t, "bytes"))
	}
	return framejson.OfSlot(slot)
}

func drawEvent(t *rapid.T, slots int) framejson.Event {
	e := framejson.Event{
		Position: rapid.Uint64().Draw(t, "position"), Version: rapid.Uint64().Draw(t, "version"),
		Time: rapid.Int64().Draw(t, "time"), ID: uuids.Draw(t, "id"),
		AggregateType: typeNames.Draw(t, "aggregate type"), AggregateID: uuids.Draw(t, "aggregate"),
		Type: typeNames.Draw(t, "type"), SchemaVersion: rapid.Uint32().Draw(t, "schema"),
		CorrelationID: uuids.Draw(t, "correlation"), CausationID: rapid.Ptr(uuids, true).Draw(t, "causation"),
		Data: texts.Draw(t, "data"), Metadata: optionalTexts.Draw(t, "metadata"),
		Slots: []framejson.Slot{},
	}
	for range slots {
		e.Slots = append(e.Slots, drawSlot(t))
	}
	return e
}

func drawBatch(t *rapid.T) framejson.Batch {
	b := framejson.Batch{
		Types:         rapid.SampledFrom([][]string{{}, {"file_added"}, {"status_changed", "größe"}}).Draw(t, "types"),
		SlotsPerEvent: rapid.IntRange(0, 4).Draw(t, "slots"),
		Groups:        []framejson.Group{},
	}
	for range rapid.IntRange(0, 4).Draw(t, "groups") {
		g := framejson.Group{Key: optionalTexts.Draw(t, "key"), Events: []framejson.Event{}}
		if g.Key != nil {
			g.State = optionalTexts.Draw(t, "state")
		}
		for range rapid.IntRange(0, 5).Draw(t, "events") {
			g.Events = append(g.Events, drawEvent(t, b.SlotsPerEvent))
		}
		b.Groups = append(b.Groups, g)
	}
	return b
}

// indexed fills in what a reader adds: type indexes, and the whole type table.
func indexed(b framejson.Batch) framejson.Batch {
	types, index := append([]string{}, b.Types...), map[string]int{}
	for i, name := range types {
		index[name] = i
	}
	for _, g := range b.Groups {
		for i, e := range g.Events {
			if _, ok := index[e.Type]; !ok {
				index[e.Type] = len(types)
				types = append(types, e.Type)
			}
			g.Events[i].TypeIndex = index[e.Type]
		}
	}
	b.Types = types
	return b
}

func drawResult(t *rapid.T, b framejson.Batch) framejson.Result {
	r := framejson.Result{Groups: []framejson.GroupResult{}, Effects: []framejson.Effect{}}
	events := 0
	for i, g := range b.Groups {
		first := events
		events += len(g.Events)
		for cause := first; cause < events; cause++ {
			r.Effects = append(r.Effects, drawEffects(t, cause)...)
		}
		disposition := rapid.SampledFrom([]string{"keep", "set", "remove"}).Draw(t, "disposition")
		if g.Key == nil || disposition == "keep" {
			continue
		}
		out := framejson.GroupResult{Group: i, Disposition: disposition}
		if disposition == "set" {
			state := texts.Draw(t, "state")
			out.State = &state
		}
		r.Groups = append(r.Groups, out)
	}
	if events > 0 && rapid.IntRange(0, 4).Draw(t, "reject") == 0 {
		rejected := framejson.Rejection{Event: rapid.IntRange(0, events-1).Draw(t, "event"), Reason: texts.Draw(t, "reason")}
		return framejson.Result{Rejected: &rejected, Groups: []framejson.GroupResult{}, Effects: []framejson.Effect{}}
	}
	return r
}

func drawEffects(t *rapid.T, cause int) (effects []framejson.Effect) {
	kinds := rapid.SampledFrom([]string{"insert", "update", "delete", "query", "log", "emit_event"})
	for range rapid.IntRange(0, 3).Draw(t, "effects") {
		effects = append(effects, framejson.Effect{
			Kind: kinds.Draw(t, "effect"), Level: rapid.Uint16Range(0, 3).Draw(t, "level"), Cause: cause,
			Name: texts.Draw(t, "name"), Key: texts.Draw(t, "key"), Body: texts.Draw(t, "body"),
		})
	}
	return effects
}

// sample is a batch of 2 groups of n events in all, with 2 slots each.
func sample(n int) framejson.Batch {
	text := func(s string) *framejson.Text { t := framejson.Text(s); return &t }
	b := framejson.Batch{Types: []string{"file_added"}, SlotsPerEvent: 2, Groups: []framejson.Group{
		{Key: text("docs"), State: text(`{"additions":3}`)}, {Key: text("cmd")},
	}}
	for i := range n {
		g := &b.Groups[i*2/n]
		g.Events = append(g.Events, framejson.Event{
			Position: uint64(i + 1), Version: 1, Time: 1_700_000_000_000_000_000,
			ID: uuid.UUID{1, byte(i)}, AggregateID: uuid.UUID{2, byte(i)}, CorrelationID: uuid.UUID{3},
			AggregateType: "file", Type: []string{"file_added", "file_deleted"}[i%2], SchemaVersion: 1,
			Data:  framejson.Text(fmt.Sprintf(`{"additions":%d,"dir":"docs"}`, i)),
			Slots: []framejson.Slot{{Kind: "i64", Value: framejson.Text(fmt.Sprint(i))}, {Kind: "string", Value: framejson.Text("docs")}},
		})
	}
	return b
}

func mustFrame(t testing.TB, b interface{ Frame() ([]byte, error) }) []byte {
	t.Helper()
	f, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mustOpen(t testing.TB, b []byte) frame.Batch {
	t.Helper()
	batch, err := frame.OpenBatch(b)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}
