package archive

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// benchEvents makes n events of 250 bytes of JSON from a position on. Every
// 20,000th is of the first of a million aggregates.
func benchEvents(first, n int) []event.Recorded {
	data := json.RawMessage(`{"text":"` + string(slices.Repeat([]byte("x"), 239)) + `"}`)
	out := make([]event.Recorded, n)
	for i := range out {
		p := first + i
		agg, version := benchID(1, p), 1
		if p%20_000 == 0 {
			agg, version = benchID(1, 0), p/20_000
		}
		out[i] = event.Recorded{Position: event.Position(p), Version: event.Version(version), Event: event.Event{
			ID: benchID(2, p), Aggregate: event.Aggregate{Type: "file", ID: agg}, Type: "file_changed", SchemaVersion: 1,
			Time: time.Unix(1_700_000_000, int64(p)).UTC(), CorrelationID: benchID(3, p/10), Data: data,
		}}
	}
	return out
}

// benchID spreads numbers over all bytes, as random ids are.
func benchID(kind, n int) (id uuid.UUID) {
	x := uint64(n)*0x9e3779b97f4a7c15 + uint64(kind)
	x ^= x >> 29
	binary.BigEndian.PutUint64(id[:], x*0xbf58476d1ce4e5b9)
	binary.BigEndian.PutUint64(id[8:], uint64(n)<<8|uint64(kind))
	return id
}

// benchArchive is an archive of a million events on disk.
func benchArchive(b *testing.B) *Archive {
	b.Helper()
	a, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { mustClose(b, a) })
	for p := 1; p <= 1_000_000; p += 1000 {
		if err := a.Append(benchEvents(p, 1000)); err != nil {
			b.Fatal(err)
		}
	}
	return a
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 1000} {
		b.Run(map[int]string{1: "one", 1000: "thousand"}[size], func(b *testing.B) {
			a, err := Open(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { mustClose(b, a) }()
			b.ResetTimer()
			for i := range b.N {
				b.StopTimer()
				events := benchEvents(i*size+1, size)
				b.StartTimer()
				if err := a.Append(events); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkSequentialRead reads a million events: as frames in place, as a
// replay does, and decoded.
func BenchmarkSequentialRead(b *testing.B) {
	a := benchArchive(b)
	stats, err := a.Stats()
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d segments, %d bytes an event, %d of them index", stats.Segments, (stats.Bytes+stats.IndexBytes)/1_000_000, stats.IndexBytes/1_000_000)
	b.Run("frames", func(b *testing.B) {
		for range b.N {
			for _, err := range a.Blocks(1) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("events", func(b *testing.B) {
		for range b.N {
			for _, err := range a.Missing(1) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds(), "events/s")
	})
}

// BenchmarkReadPage reads a log as a replay does, plain and compressed, and says what
// the sealed segments take of their size.
func BenchmarkReadPage(b *testing.B) {
	const events = 200_000
	a, err := Open(b.TempDir(), Options{SegmentBytes: 8 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { mustClose(b, a) }()
	for p := 1; p <= events; p += 1000 {
		batch := benchEvents(p, 1000)
		for i := range batch {
			n := p + i
			batch[i].Data = fmt.Appendf(nil, `{"dir":"docs/guide/%d","author":"author %d","additions":%d,"deletions":%d,"commit":"%016x"}`,
				n%97, n%13, n*7919%400, n*104729%90, uint64(n)*0x9e3779b97f4a7c15)
		}
		if err := a.Append(batch); err != nil {
			b.Fatal(err)
		}
	}
	read := func(b *testing.B) {
		var page event.Page
		for b.Loop() {
			for after, done := event.Position(0), false; !done; after = page.Through {
				if err := a.ReadPage(&page, after, 4096); err != nil {
					b.Fatal(err)
				}
				done = page.Through == after
			}
		}
		size, err := a.stored(segmentSuffix)
		stats, statsErr := a.Stats()
		if err := errors.Join(err, statsErr); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
		b.ReportMetric(float64(size)/float64(stats.Bytes), "size")
	}
	b.Run("plain", read)
	if err := chillAll(a); err != nil {
		b.Fatal(err)
	}
	b.Run("compressed", read)
}

// BenchmarkAggregate50of1M reads the 50 events of one aggregate that are spread
// over a million.
func BenchmarkAggregate50of1M(b *testing.B) {
	a := benchArchive(b)
	agg := event.Aggregate{Type: "file", ID: benchID(1, 0)}
	times := make([]time.Duration, 0, 1<<16)
	for b.Loop() {
		start := time.Now()
		events, err := a.Aggregate(agg, 1)
		times = append(times, time.Since(start))
		if err != nil || len(events) != 50 {
			b.Fatalf("%d events, %v", len(events), err)
		}
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
}

func BenchmarkFind(b *testing.B) {
	a := benchArchive(b)
	for i := 0; b.Loop(); i++ {
		if _, ok, err := a.Find(benchID(2, i%1_000_000+1)); !ok || err != nil {
			b.Fatal(err)
		}
	}
}
