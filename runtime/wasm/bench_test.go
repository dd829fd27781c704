package wasm

import (
	"testing"

	"github.com/refold-dev/refold/sdk/frame"
)

// BenchmarkFold folds batches of 1,024 events on 10,000 aggregates, counting
// them by aggregate: natively, in C and in Go. Compare within one run.
func BenchmarkFold(b *testing.B) {
	const events, payload = 1024, 250
	batches := countingBatches(b, 40, events, payload)
	b.Run("native", func(b *testing.B) {
		tallies := map[[16]byte]*tally{}
		measure(b, events, batches, func(batch []byte) error { return countNatively(tallies, batch) })
	})
	b.Run("c", func(b *testing.B) { measureGuest(b, events, batches, cGuest(b)) })
	b.Run("go", func(b *testing.B) { measureGuest(b, events, batches, goGuest()) })
}

// BenchmarkSnapshot takes snapshots of an instance with 10,000 aggregates and
// restores them.
func BenchmarkSnapshot(b *testing.B) {
	i := start(b, goGuest())
	for _, batch := range countingBatches(b, 40, 1024, 250) {
		if _, err := i.Fold(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	taken, err := i.Snapshot(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("take", func(b *testing.B) {
		for b.Loop() {
			if _, err := i.Snapshot(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(taken)), "bytes")
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			if err := i.Restore(b.Context(), taken); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func measureGuest(b *testing.B, events int, batches [][]byte, path string) {
	i := start(b, path)
	ctx := b.Context()
	measure(b, events, batches, func(batch []byte) error {
		_, err := i.Fold(ctx, batch)
		return err
	})
}

func measure(b *testing.B, events int, batches [][]byte, fold func([]byte) error) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if err := fold(batches[n%len(batches)]); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n)*float64(events)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

// tally is what the guests keep of an aggregate.
type tally struct{ count, version, bytes uint64 }

func countNatively(tallies map[[16]byte]*tally, b []byte) error {
	batch, err := frame.OpenBatch(b)
	if err != nil {
		return err
	}
	for group := range batch.Groups() {
		for e := range group.Events() {
			t := tallies[[16]byte(e.AggregateID())]
			if t == nil {
				t = &tally{}
				tallies[[16]byte(e.AggregateID())] = t
			}
			t.count++
			t.version = max(t.version, e.Version())
			t.bytes += uint64(len(e.Data()))
		}
	}
	return nil
}

// countingBatches returns batches of "add" events that visit the aggregates in
// a scattered order.
func countingBatches(b *testing.B, batches, events, payload int) [][]byte {
	b.Helper()
	const aggregates = 10_000
	data := make([]byte, payload)
	list := make([][]byte, batches)
	position := uint64(0)
	for n := range list {
		var w frame.BatchWriter
		w.Reset([]string{"add"}, 0)
		w.BeginUnkeyed()
		for range events {
			position++
			which := position * 7919 % aggregates
			w.AddEvent(&frame.Event{Position: position, Version: position / aggregates, Type: "add", AggregateType: "thing",
				AggregateID: [16]byte{0: 1, 14: byte(which >> 8), 15: byte(which)}, Data: data})
		}
		out, err := w.Finish()
		if err != nil {
			b.Fatal(err)
		}
		list[n] = out
	}
	return list
}

// jsonBatches returns batches of "add" events with payloads of 250 bytes.
func jsonBatches(b *testing.B, batches, events int) [][]byte {
	b.Helper()
	data := []byte(`{"path":"docs/guide/introduction.md","dir":"docs","additions":120,"deletions":7,"author":{"name":"A. \"Nonymous\"","email":"nobody@example.com"},"tags":["prose","guide"],"message":"Say what a projection is, and what it is not, in one page"`)
	for len(data) < 249 {
		data = append(data, ' ')
	}
	data = append(data[:249], '}')
	list := make([][]byte, batches)
	for n := range list {
		var w frame.BatchWriter
		w.Reset([]string{"add"}, 0)
		w.BeginUnkeyed()
		for i := range events {
			w.AddEvent(&frame.Event{Position: uint64(n*events + i + 1), Version: 1, Type: "add", AggregateType: "thing", Data: data})
		}
		out, err := w.Finish()
		if err != nil {
			b.Fatal(err)
		}
		list[n] = out
	}
	return list
}
