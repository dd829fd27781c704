package frame_test

import (
	"testing"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
)

// FuzzOpenBatch holds invariant 2: what is accepted is read without panic. The
// frame's capacity ends with it, so that an over-read panics.
func FuzzOpenBatch(f *testing.F) {
	f.Add(mustFrame(f, sample(4)))
	f.Add(mustFrame(f, framejson.Batch{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if batch, err := frame.OpenBatch(b[:len(b):len(b)]); err == nil {
			read(batch)
		}
	})
}

func read(b frame.Batch) {
	framejson.OfBatch(b)
	for i := range b.GroupCount() {
		for e := range b.Group(i).Events() {
			e.Slot(b.SlotsPerEvent())
		}
	}
}

func FuzzOpenResult(f *testing.F) {
	batch, result := sampleResult(f)
	f.Add(result)
	var w frame.ResultWriter
	f.Add(w.Reject(1, "no"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := frame.OpenResult(b[:len(b):len(b)], batch); err == nil {
			framejson.OfResult(r)
			for g := range r.Groups() {
				batch.Group(g.Group)
			}
			for e := range r.Effects() {
				if e.Cause >= batch.EventCount() {
					t.Fatal("an effect of an event that the batch does not have")
				}
			}
		}
	})
}
