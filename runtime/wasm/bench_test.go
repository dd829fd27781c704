package wasm

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
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

// BenchmarkInstantiate starts and closes instances, which is what a failed one of a
// pool costs, and a query.
func BenchmarkInstantiate(b *testing.B) {
	for name, path := range map[string]string{"c": cGuest(b), "go": goGuest()} {
		b.Run(name, func(b *testing.B) {
			m := load(b, newHost(b, nil), path, Limits{})
			for b.Loop() {
				i, err := m.Instantiate(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				if err := i.Close(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
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

// BenchmarkPool folds batches of 1,024 events on 200 keys with one instance and
// with pools of two and four, in turns, each time as an engine would: a guest that
// counts (ROUNDS 1) and one for which each event is work, in C, and one in Go that
// keeps JSON. The fastest of a side's turns counts.
func BenchmarkPool(b *testing.B) {
	mirror := mirrored(b)
	for _, guest := range []struct {
		name, path string
		text       []byte
	}{
		{"cheap_c", cGuestNamed(b, "toil"), toil(b, 200, 5, -1, "", 250)},
		{"heavy_c", cGuestNamed(b, "toil_long"), toil(b, 200, 5, -1, "", 250)},
		{"json_go", conformance.BuildGo(b, "../../sdk/conformance/guests/go"), mirror},
	} {
		b.Run(guest.name, func(b *testing.B) {
			m := load(b, newHost(b, nil), guest.path, Limits{})
			sides := []folder{instantiate(b, m), benchPool(b, m, 2), benchPool(b, m, 4)}
			took := make([][]time.Duration, len(sides))
			for b.Loop() {
				for n, side := range sides {
					began := time.Now()
					if _, err := side.Fold(b.Context(), guest.text); err != nil {
						b.Fatal(err)
					}
					took[n] = append(took[n], time.Since(began))
				}
			}
			one := slices.Min(took[0])
			b.ReportMetric(float64(one.Nanoseconds())/1000, "ns/event")
			b.ReportMetric(one.Seconds()/slices.Min(took[1]).Seconds(), "2_vs_1")
			b.ReportMetric(one.Seconds()/slices.Min(took[2]).Seconds(), "4_vs_1")
		})
	}
}

func benchPool(b *testing.B, m *Module, workers int) *Pool {
	p, err := m.Pool(b.Context(), workers)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.Close(context.Background()) })
	return p
}

// mirrored is a batch of 1,000 events for a kit's mirror.
func mirrored(b *testing.B) []byte {
	batch := framejson.Batch{Types: []string{"mirrored"}, SlotsPerEvent: 8}
	for n := range 200 {
		key := framejson.Text(fmt.Sprint(n))
		batch.Groups = append(batch.Groups, framejson.Group{Key: &key, Events: slices.Repeat([]framejson.Event{
			{Position: 1, Type: "mirrored", AggregateType: "thing", Data: make([]byte, 250)}}, 5)})
	}
	text, err := batch.Frame()
	if err != nil {
		b.Fatal(err)
	}
	return text
}
