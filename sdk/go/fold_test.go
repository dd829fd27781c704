package refold

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/manifest"
)

// counter has a state of its own making: 8 bytes.
type counter struct{ n uint64 }

func (c *counter) AppendBinary(b []byte) ([]byte, error) {
	return binary.LittleEndian.AppendUint64(b, c.n), nil
}

func (c *counter) UnmarshalBinary(b []byte) error {
	if len(b) != 8 {
		return errors.New("is not 8 bytes long")
	}
	c.n = binary.LittleEndian.Uint64(b)
	return nil
}

func counting(s *counter, e Event, out *Effects) error {
	switch e.Type() {
	case "reset":
		out.RemoveState()
	case "bad":
		return errors.New("is bad")
	default:
		s.n++
	}
	return nil
}

func text(s string) *framejson.Text {
	t := framejson.Text(s)
	return &t
}

func group(key, state *framejson.Text, types ...string) framejson.Group {
	g := framejson.Group{Key: key, State: state}
	for i, name := range types {
		g.Events = append(g.Events, framejson.Event{Position: uint64(i + 1), Type: name})
	}
	return g
}

func run(t *testing.T, g *Guest, groups ...framejson.Group) framejson.Result {
	t.Helper()
	b, err := framejson.Batch{Types: g.projection.describe().events, Groups: groups}.Frame()
	if err != nil {
		t.Fatal(err)
	}
	batch, err := frame.OpenBatch(b)
	if err != nil {
		t.Fatal(err)
	}
	r, err := frame.OpenResult(g.Fold(b), batch)
	if err != nil {
		t.Fatal(err)
	}
	return framejson.OfResult(r)
}

func TestStateOfItsOwnMaking(t *testing.T) {
	g := &Guest{projection: Keyed[counter]{Name: "counter", Fold: counting}}
	got := run(t, g,
		group(text("a"), text("\x05\x00\x00\x00\x00\x00\x00\x00"), "x", "x"),
		group(text("b"), nil, "x"),
		group(text("c"), nil, "x", "reset"),
		group(text("d"), text("\x09\x00\x00\x00\x00\x00\x00\x00"), "reset", "x"),
	)
	want := []framejson.GroupResult{
		{Group: 0, Disposition: "set", State: text("\x07\x00\x00\x00\x00\x00\x00\x00")},
		{Group: 1, Disposition: "set", State: text("\x01\x00\x00\x00\x00\x00\x00\x00")},
		{Group: 2, Disposition: "remove"},
		{Group: 3, Disposition: "set", State: text("\x01\x00\x00\x00\x00\x00\x00\x00")},
	}
	if diff := cmp.Diff(want, got.Groups); diff != "" {
		t.Error(diff)
	}
}

func TestRejections(t *testing.T) {
	type loop struct{ Next any }
	unkeyed := func(e Event, out *Effects) error { return counting(&counter{}, e, out) }
	tests := []struct {
		name       string
		projection Projection
		groups     []framejson.Group
		event      int
		reason     string
	}{
		{"fold's error", Keyed[counter]{Fold: counting}, []framejson.Group{group(text("a"), nil, "x"), group(text("b"), nil, "x", "bad", "x")}, 2, "is bad"},
		{"a broken state", Keyed[counter]{Fold: counting}, []framejson.Group{group(text("a"), nil, "x"), group(text("b"), text("?"), "x")}, 1, "state of key b: is not 8 bytes long"},
		{"a broken JSON state", Keyed[struct{ N int }]{Fold: func(*struct{ N int }, Event, *Effects) error { return nil }},
			[]framejson.Group{group(text("a"), text("?"), "x")}, 0, "state of key a: invalid character '?' looking for beginning of value"},
		{"a state that JSON cannot hold", Keyed[loop]{Fold: func(s *loop, _ Event, _ *Effects) error { s.Next = func() {}; return nil }},
			[]framejson.Group{group(text("a"), nil, "x", "x")}, 1, "state of key a: json: unsupported type: func()"},
		{"RemoveState without a state", Resident{Fold: unkeyed}, []framejson.Group{group(nil, nil, "x", "reset")}, 1, errNoKey.Error()},
		{"a stateless fold's error", Stateless{Fold: unkeyed}, []framejson.Group{group(nil, nil, "bad")}, 0, "is bad"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := &Guest{projection: tt.projection}
			got := run(t, g, tt.groups...)
			want := &framejson.Rejection{Event: tt.event, Reason: framejson.Text(tt.reason)}
			if diff := cmp.Diff(want, got.Rejected); diff != "" {
				t.Fatal(diff)
			}
			if after := run(t, g, framejson.Group{}); after.Rejected != nil {
				t.Error("the next batch is rejected too")
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	g := &Guest{
		projection: Keyed[counter]{Name: "größe \"x\"", Version: "1", Key: "dir", Events: []string{"a", "b"}},
		fields:     []field{{"dir", "string"}, {"n.m", "i64"}},
	}
	got, err := manifest.Parse(g.Describe())
	if err != nil {
		t.Fatal(err)
	}
	want := manifest.Manifest{
		ABI: 1, Name: "größe \"x\"", Version: "1", State: "keyed", Key: "dir", Events: []string{"a", "b"},
		Fields: []manifest.Field{{Path: "dir", Type: "string"}, {Path: "n.m", Type: "i64"}}, SDK: "refold-go",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTypesAreThoseOfTheBatch(t *testing.T) {
	var seen []string
	g := &Guest{projection: Resident{Fold: func(e Event, _ *Effects) error {
		seen = append(seen, e.Type())
		return nil
	}}}
	run(t, g, group(nil, nil, "a", "b", "a"))
	run(t, g, group(nil, nil, "b", "c"))
	run(t, g, group(nil, nil, "d"))
	if diff := cmp.Diff([]string{"a", "b", "a", "b", "c", "d"}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestQueryWithoutAnswer(t *testing.T) {
	for _, p := range []Projection{Stateless{}, Resident{}, Keyed[counter]{}} {
		if _, err := (&Guest{projection: p}).Query(""); err == nil {
			t.Errorf("%T answers", p)
		}
	}
}

func TestNoAllocationPerEventOfAStatelessFold(t *testing.T) {
	g := &Guest{projection: Stateless{Fold: func(e Event, out *Effects) error {
		out.Insert("t", out.Object().Text("type", e.Type()).UUID("id", e.ID()).Uint("position", e.Position()).JSON())
		return nil
	}}}
	types := make([]string, 500)
	for i := range types {
		types[i] = "x"
	}
	b, err := framejson.Batch{Groups: []framejson.Group{group(nil, nil, types...)}}.Frame()
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() { g.Fold(b) }); n > 2 {
		t.Errorf("%v allocations for a batch of 500 events", n)
	}
}
