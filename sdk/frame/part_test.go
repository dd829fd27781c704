package frame_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
)

// Parts, each read as a batch of its own and put together again, are the batch.
func TestPartsAreTheBatch(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		whole := openDrawn(rt, drawBatch(rt))
		n := rapid.IntRange(1, 6).Draw(rt, "parts")
		parts := whole.AppendParts(nil, n)
		if len(parts) > n || whole.GroupCount() > 0 && len(parts) == 0 {
			rt.Fatalf("%d parts of %d groups, want at most %d", len(parts), whole.GroupCount(), n)
		}
		want := framejson.OfBatch(whole)
		got := framejson.Batch{Types: want.Types, SlotsPerEvent: want.SlotsPerEvent, Groups: []framejson.Group{}}
		var memory []byte
		events := 0
		for _, p := range parts {
			memory = whole.AppendPart(memory[:0], p)
			part, err := frame.OpenBatch(memory)
			if err != nil {
				rt.Fatal(err)
			}
			if p.Event != events || part.EventCount() != p.Events || part.GroupCount() != p.Groups || len(memory)%8 != 0 {
				rt.Fatalf("part %+v has %d events in %d groups and %d bytes; %d events are before it", p, part.EventCount(), part.GroupCount(), len(memory), events)
			}
			events += p.Events
			join(rt, &got, p.Group, framejson.OfBatch(part))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// join puts a part, whose first group has an index, behind the parts before it.
func join(t *rapid.T, whole *framejson.Batch, first int, part framejson.Batch) {
	if !slices.Equal(part.Types, whole.Types) {
		t.Fatalf("a part has the types %q", part.Types)
	}
	if first < len(whole.Groups) {
		last := &whole.Groups[first]
		if last.Key != nil {
			t.Fatalf("the key %q is in two parts", *last.Key)
		}
		last.Events = append(last.Events, part.Groups[0].Events...)
		part.Groups = part.Groups[1:]
	}
	whole.Groups = append(whole.Groups, part.Groups...)
}

func openDrawn(t rapid.TB, b framejson.Batch) frame.Batch {
	text, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	opened, err := frame.OpenBatch(text)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// Parts are about as large as each other, as far as keys allow, and states count.
func TestPartsAreEven(t *testing.T) {
	event := framejson.Event{Type: "file_added", AggregateType: "file", Data: make([]byte, 100)}
	events := slices.Repeat([]framejson.Event{event}, 100)
	key, state := framejson.Text("k"), make(framejson.Text, 100*232)
	for _, tt := range []struct {
		name   string
		groups []framejson.Group
		want   []int // events
	}{
		{"no key", []framejson.Group{{Events: events}}, []int{25, 25, 25, 25}},
		{"equal keys", slices.Repeat([]framejson.Group{{Key: &key, Events: events[:10]}}, 10), []int{30, 20, 30, 20}},
		{"a hot key", []framejson.Group{{Key: &key, Events: events}, {Key: &key, Events: events[:10]}}, []int{100, 10}},
		{"a large state", []framejson.Group{{Key: &key, State: &state, Events: events[:1]}, {Key: &key, Events: events[:50]}, {Key: &key, Events: events[:50]}}, []int{1, 50, 50}},
	} {
		var got []int
		for _, p := range openDrawn(t, framejson.Batch{Groups: tt.groups}).AppendParts(nil, 4) {
			got = append(got, p.Events)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
