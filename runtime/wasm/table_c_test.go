package wasm

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/sdk/frame"
)

// TestTableInC: a module of a real compiler and linker, with two tables, that adds
// slots to them, puts functions into them and calls them does so with a snapshot
// and a restore behind every event as without.
func TestTableInC(t *testing.T) {
	m := load(t, newHost(t, nil), cGuestNamed(t, "handlers"), Limits{})
	runs, changed, grown := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		open := func() *Instance {
			i := raw(t, ctx, m)
			t.Cleanup(func() { i.Close(ctx) })
			return i
		}
		straight, moved, used := open(), open(), open()
		for range rapid.IntRange(1, 25).Draw(t, "events") {
			text := drawHandler(t)
			want, got := judge(t, straight, text), judge(t, moved, text)
			if string(want.Frame) != string(got.Frame) || want.Error != "" || got.Error != "" {
				t.Fatalf("results differ: %+v, with snapshots %+v", want, got)
			}
			taken, err := moved.Snapshot(ctx)
			if err != nil {
				t.Fatal(err)
			}
			to := used
			if rapid.IntRange(0, 3).Draw(t, "into") == 0 {
				to = open()
			}
			if err := to.Restore(ctx, taken); err != nil {
				t.Fatal(err)
			}
			moved, used = to, moved
			same(t, ctx, straight, moved)
		}
		want, err := straight.Query(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer := string(want)
		if got, err := moved.Query(ctx, nil); err != nil || string(got) != answer {
			t.Fatalf("answers %s and %s, %v", answer, got, err)
		}
		state, err := moved.state(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if runs++; moved.changed() {
			changed++
		}
		objects, functions := len(state.Tables[0]), len(state.Tables[1])-len(m.base.Tables()[1])
		if objects != functions {
			t.Fatalf("one table has grown by %d, the other by %d", objects, functions)
		}
		grown = max(grown, functions)
	})
	if changed < runs/2 || grown < 3 {
		t.Errorf("in %d of %d runs the tables were changed, and grew by at most %d: the test tests little", changed, runs, grown)
	}
}

func drawHandler(t *rapid.T) []byte {
	var w frame.BatchWriter
	w.Reset([]string{"added", "swapped", "applied"}, 2)
	w.BeginUnkeyed()
	w.AddEvent(&frame.Event{Position: 1, Version: 1, AggregateType: "thing",
		Type:  rapid.SampledFrom([]string{"added", "swapped", "applied", "applied"}).Draw(t, "type"),
		Slots: []frame.Slot{frame.IntSlot(rapid.Int64Range(0, 40).Draw(t, "slot")), frame.IntSlot(rapid.Int64Range(0, 2).Draw(t, "handler"))}})
	text, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
