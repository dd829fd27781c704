package frame_test

import (
	"testing"

	"github.com/refold-dev/refold/sdk/frame"
)

const batchSize = 1024

// work is a batch of events with 250 bytes of payload, as the engine would
// write it.
type work struct {
	event frame.Event
	slots []frame.Slot
	types [2]string
	key   []byte
}

func newWork() *work {
	w := &work{types: [2]string{"file_added", "file_modified"}, key: []byte("docs")}
	w.slots = []frame.Slot{frame.IntSlot(7), frame.BytesSlot(frame.String, []byte("docs"))}
	w.event = frame.Event{
		AggregateType: "file", SchemaVersion: 1,
		Data: make([]byte, 250), Metadata: []byte(`{"by":"cli"}`), Slots: w.slots,
	}
	return w
}

func (w *work) write(bw *frame.BatchWriter) []byte {
	bw.Reset(w.types[:1], len(w.slots))
	bw.BeginGroup(w.key, w.key, true)
	for i := range batchSize {
		e := &w.event
		e.Position, e.Version = uint64(i), uint64(i)
		e.AggregateID[0], e.AggregateID[1] = byte(i), byte(i>>8)
		e.Type = w.types[i%2]
		bw.AddEvent(e)
	}
	f, err := bw.Finish()
	if err != nil {
		panic(err)
	}
	return f
}

// sum touches every accessor of every event.
func sum(b frame.Batch) (n int) {
	for g := range b.Groups() {
		state, _ := g.State()
		n += len(g.Key()) + len(state)
		for e := range g.Events() {
			meta, _ := e.Metadata()
			text, _ := e.Slot(1).Bytes()
			number, _ := e.Slot(0).Int64()
			n += int(e.Position()+e.Version()) + len(e.Type()) + len(e.AggregateType()) + len(e.Data()) + len(meta) + len(text) + int(number)
		}
	}
	return n
}

func TestNoAllocationPerEvent(t *testing.T) {
	w, bw, rw := newWork(), &frame.BatchWriter{}, &frame.ResultWriter{}
	f := w.write(bw)
	batch := mustOpen(t, f)
	state, effect := []byte("state"), frame.Effect{Kind: frame.Insert, Name: []byte("dirs"), Body: []byte(`{}`)}
	writeResult := func() []byte {
		rw.Reset()
		rw.SetState(0, state)
		for i := range batchSize {
			effect.Cause = i
			rw.AddEffect(&effect)
		}
		return rw.Finish()
	}
	result := writeResult()
	total := 0
	for name, step := range map[string]func(){
		"write a batch": func() { total += len(w.write(bw)) },
		"open a batch":  func() { b, _ := frame.OpenBatch(f); total += b.EventCount() },
		"read a batch":  func() { total += sum(batch) },
		"write a result": func() {
			total += len(writeResult())
		},
		"read a result": func() {
			r, _ := frame.OpenResult(result, batch)
			for e := range r.Effects() {
				total += len(e.Name)
			}
		},
	} {
		if n := testing.AllocsPerRun(10, step); n != 0 {
			t.Errorf("%s of %d events: %v allocations, want 0", name, batchSize, n)
		}
	}
	if total == 0 {
		t.Error("nothing was read")
	}
}

func BenchmarkEncode(b *testing.B) {
	w, bw := newWork(), &frame.BatchWriter{}
	for b.Loop() {
		w.write(bw)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchSize), "ns/event")
}

func BenchmarkOpen(b *testing.B) {
	f := newWork().write(&frame.BatchWriter{})
	for b.Loop() {
		if _, err := frame.OpenBatch(f); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchSize), "ns/event")
}

// BenchmarkFoldEnvelopes counts events by aggregate in a map.
func BenchmarkFoldEnvelopes(b *testing.B) {
	batch := mustOpen(b, newWork().write(&frame.BatchWriter{}))
	counts := map[[16]byte]uint64{}
	for b.Loop() {
		for g := range batch.Groups() {
			for e := range g.Events() {
				counts[[16]byte(e.AggregateID())]++
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchSize), "ns/event")
}
