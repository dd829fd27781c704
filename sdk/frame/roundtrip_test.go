package frame_test

import (
	"bytes"
	"go/build"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
)

func TestBatchRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := drawBatch(rt)
		f, err := want.Frame()
		if err != nil {
			rt.Fatal(err)
		}
		behind := append(slices.Clone(f), rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(rt, "behind")...)
		got, err := frame.OpenBatch(behind)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(indexed(want), framejson.OfBatch(got)); diff != "" {
			rt.Fatal(diff)
		}
		again, err := framejson.OfBatch(got).Frame()
		if err != nil || len(f)%8 != 0 {
			rt.Fatal(err, len(f))
		}
		if reopened, err := frame.OpenBatch(again); err != nil || !cmp.Equal(framejson.OfBatch(reopened), framejson.OfBatch(got)) {
			rt.Fatal("a frame made of what was read says something else", err)
		}
	})
}

func TestResultRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := drawBatch(rt)
		bf, err := b.Frame()
		if err != nil {
			rt.Fatal(err)
		}
		batch, err := frame.OpenBatch(bf)
		if err != nil {
			rt.Fatal(err)
		}
		want := drawResult(rt, b)
		f, err := want.Frame()
		if err != nil {
			rt.Fatal(err)
		}
		got, err := frame.OpenResult(f, batch)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, framejson.OfResult(got)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestWriterForgetsTheBatchBefore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		first, second := drawEvent(rt, 3), drawEvent(rt, 1)
		var used, fresh frame.BatchWriter
		used.Reset([]string{"status_changed"}, 3)
		used.BeginGroup([]byte("k"), []byte("s"), true)
		add(rt, &used, first)
		if _, err := used.Finish(); err != nil {
			rt.Fatal(err)
		}
		var frames [2][]byte
		for i, w := range []*frame.BatchWriter{&used, &fresh} {
			w.Reset([]string{"größe", "file_added"}, 1)
			w.BeginUnkeyed()
			add(rt, w, second)
			f, err := w.Finish()
			if err != nil {
				rt.Fatal(err)
			}
			frames[i] = f
		}
		if !bytes.Equal(frames[0], frames[1]) {
			rt.Fatalf("a used writer writes\n%x\na fresh one\n%x", frames[0], frames[1])
		}
	})
}

func add(rt *rapid.T, w *frame.BatchWriter, e framejson.Event) {
	e.Slots = nil // fewer slots than fields: the rest are Null
	w.AddEvent(&frame.Event{Position: e.Position, Type: e.Type, AggregateType: e.AggregateType, Data: e.Data})
	if w.Events() != 1 || w.Size() == 0 {
		rt.Fatal("the writer does not count its event")
	}
}

func TestSlotOutsideTheBatchIsNull(t *testing.T) {
	b := mustOpen(t, mustFrame(t, sample(2)))
	for e := range b.Group(0).Events() {
		for _, i := range []int{-1, 2, 1 << 30} {
			if !e.Slot(i).IsNull() {
				t.Errorf("slot %d of an event with 2 slots is not null", i)
			}
		}
	}
}

func TestSlotReadsItsOwnKind(t *testing.T) {
	if v, ok := frame.IntSlot(-3).Float64(); v != -3 || !ok {
		t.Errorf("Float64 of an i64 slot = %v, %v", v, ok)
	}
	if _, ok := frame.FloatSlot(3).Int64(); ok {
		t.Error("Int64 of an f64 slot is ok")
	}
	if v, ok := frame.IntSlot(3).Bool(); v || ok {
		t.Errorf("Bool of an i64 slot = %v, %v", v, ok)
	}
	if _, ok := frame.TimeSlot(3).Int64(); ok {
		t.Error("Int64 of a time slot is ok")
	}
}

func TestOversizedBatchIsRefused(t *testing.T) {
	var w frame.BatchWriter
	w.Reset(nil, 0)
	w.BeginUnkeyed()
	w.AddEvent(&frame.Event{Data: make([]byte, frame.MaxSize)})
	if _, err := w.Finish(); err == nil {
		t.Fatal("a batch over MaxSize is written")
	}
	w.Reset(nil, 0)
	if f, err := w.Finish(); err != nil || len(f) > 1<<10 {
		t.Fatalf("the next batch has %d bytes, error %v", len(f), err)
	}
}

// TestImports holds the promise that the codec costs a guest little.
func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"encoding/binary", "iter", "math", "slices", "strconv"}
	if diff := cmp.Diff(want, pkg.Imports); diff != "" {
		t.Errorf("imports changed; fmt, reflect and encoding/json must stay out:\n%s", diff)
	}
}
