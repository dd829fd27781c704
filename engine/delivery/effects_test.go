package delivery

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
)

// cause is an event with its key and the number of effects that it has.
type cause struct {
	at      event.Position
	key     string
	effects int
}

func body(at event.Position, n int) string { return fmt.Sprintf(`{"at":%d,"n":%d}`, at, n) }

// fataler is a test, or a run of a property.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

// folded plays host and guest: it frames the events by key, as a keyed
// projection's are if keyed, and has each event emit its effects.
func folded(t fataler, events []cause, keyed bool) (frame.Result, []*event.Recorded) {
	t.Helper()
	var groups [][]cause
	byKey := map[string]int{}
	for _, e := range events {
		key := e.key
		if !keyed {
			key = ""
		}
		at, ok := byKey[key]
		if !ok {
			at = len(groups)
			byKey[key] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], e)
	}
	var in frame.BatchWriter
	var out frame.ResultWriter
	in.Reset(nil, 0)
	out.Reset()
	var recorded []*event.Recorded
	for _, group := range groups {
		if keyed {
			in.BeginGroup([]byte(group[0].key), nil, false)
		} else {
			in.BeginUnkeyed()
		}
		for _, e := range group {
			r := recordedAt(e.at)
			in.AddEvent(&frame.Event{Position: uint64(r.Position), ID: r.ID, Type: "e", AggregateType: "a"})
			for n := range e.effects {
				out.AddEffect(&frame.Effect{
					Kind: frame.Insert, Cause: len(recorded), Name: []byte("rows"), Key: []byte(e.key), Body: []byte(body(e.at, n)),
				})
			}
			recorded = append(recorded, r)
		}
	}
	b, err := in.Finish()
	if err != nil {
		t.Fatal(err)
	}
	batch, err := frame.OpenBatch(b)
	if err != nil {
		t.Fatal(err)
	}
	result, err := frame.OpenResult(out.Finish(), batch)
	if err != nil {
		t.Fatal(err)
	}
	return result, recorded
}

// recordedAt is the event at a position, with ids and a time of its own.
func recordedAt(at event.Position) *event.Recorded {
	id := uuid.UUID{15: byte(at)}
	return &event.Recorded{Position: at, Event: event.Event{
		ID: id, CorrelationID: uuid.UUID{0: 1, 15: byte(at % 3)},
		Time: time.Unix(1_700_000_000+int64(at), 5).In(time.FixedZone("", 3600)),
	}}
}

// expected is what the events' effects are, one event after the other.
func expected(events []cause) []effect.Effect {
	list := []effect.Effect{}
	for _, e := range events {
		for n := range e.effects {
			list = append(list, effect.Effect{
				Kind: effect.Insert, Cause: e.at, Ordinal: uint32(n), Name: "rows", Key: e.key, Body: []byte(body(e.at, n)),
				CauseID:       uuid.UUID{15: byte(e.at)},
				CorrelationID: uuid.UUID{0: 1, 15: byte(e.at % 3)},
				CauseTime:     time.Unix(1_700_000_000+int64(e.at), 5).UTC(),
			})
		}
	}
	return list
}

func TestInterleavedGroups(t *testing.T) {
	events := []cause{{11, "a", 2}, {12, "b", 1}, {13, "a", 0}, {15, "c", 3}, {16, "b", 2}, {17, "a", 1}}
	result, recorded := folded(t, events, true)
	if d := cmp.Diff(expected(events), Effects(nil, result, recorded, nil)); d != "" {
		t.Errorf("effects (-want +got):\n%s", d)
	}
}

func TestFieldsOfEveryKind(t *testing.T) {
	var in frame.BatchWriter
	in.Reset(nil, 0)
	in.BeginUnkeyed()
	in.AddEvent(&frame.Event{Position: 7, Type: "e", AggregateType: "a"})
	b, err := in.Finish()
	if err != nil {
		t.Fatal(err)
	}
	batch, err := frame.OpenBatch(b)
	if err != nil {
		t.Fatal(err)
	}
	var out frame.ResultWriter
	out.Reset()
	out.AddEffect(&frame.Effect{Kind: frame.Update, Name: []byte("t"), Key: []byte("k"), Body: []byte(`{}`)})
	out.AddEffect(&frame.Effect{Kind: frame.Delete, Name: []byte("t"), Key: []byte("k")})
	out.AddEffect(&frame.Effect{Kind: frame.Log, Level: 3, Body: []byte("text")})
	out.AddEffect(&frame.Effect{Kind: frame.EmitEvent, Name: []byte("happened"), Body: []byte(`{"a":1}`)})
	result, err := frame.OpenResult(out.Finish(), batch)
	if err != nil {
		t.Fatal(err)
	}
	want := []effect.Effect{
		{Kind: effect.Update, Cause: 7, Ordinal: 0, Name: "t", Key: "k", Body: []byte(`{}`)},
		{Kind: effect.Delete, Cause: 7, Ordinal: 1, Name: "t", Key: "k"},
		{Kind: effect.Log, Cause: 7, Ordinal: 2, Level: effect.Error, Body: []byte("text")},
		{Kind: effect.EmitEvent, Cause: 7, Ordinal: 3, Name: "happened", Body: []byte(`{"a":1}`)},
	}
	if d := cmp.Diff(want, Effects(nil, result, []*event.Recorded{{Position: 7}}, nil)); d != "" {
		t.Errorf("effects (-want +got):\n%s", d)
	}
}

// Invariant 1: however the events are batched and grouped, the effects of all
// batches, one behind the other, are those of the events, one behind the other.
// The memory of one batch serves the next.
func TestBatchesAndGroupsDoNotShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var events []cause
		for i := range rapid.IntRange(0, 40).Draw(t, "events") {
			events = append(events, cause{
				at:      event.Position(3 + 2*i), // the filtered ones are not in the frame
				key:     rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key"),
				effects: rapid.IntRange(0, 3).Draw(t, "effects"),
			})
		}
		keyed := rapid.Bool().Draw(t, "keyed")
		want := expected(events)
		got := []effect.Effect{}
		var memory []effect.Effect
		for len(events) > 0 {
			size := rapid.IntRange(1, len(events)).Draw(t, "batch")
			result, recorded := folded(t, events[:size], keyed)
			memory = Effects(memory, result, recorded, nil)
			got = append(got, slices.Clone(memory)...)
			events = events[size:]
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("effects (-want +got):\n%s", d)
		}
	})
}
