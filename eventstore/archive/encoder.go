package archive

import (
	"fmt"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
)

// encoder makes blocks of events. It is used by one goroutine.
type encoder struct {
	current   frame.BatchWriter
	stored    frame.BatchWriter // of the events that the catalog changed
	maxEvents int
	maxBytes  int
}

// block appends to dst one block of the first events, as many as fit, and
// returns its header, which says how many those are.
func (e *encoder) block(dst []byte, before chain, p paired) ([]byte, blockHeader, error) {
	span := e.fill(p)
	h := blockHeader{first: p.current[0].Position, count: uint32(e.current.Events()), minTime: span.min, maxTime: span.max}
	at := len(dst)
	dst = append(dst, make([]byte, blockHeaderSize)...)
	dst, err := finish(dst, &e.current)
	h.current = uint32(len(dst) - at - blockHeaderSize)
	if err == nil && e.stored.Events() > 0 {
		dst, err = finish(dst, &e.stored)
	}
	if err != nil {
		return dst[:at], blockHeader{}, fmt.Errorf("event at position %d: %w", h.first, err)
	}
	h.length = uint32(len(dst) - at)
	h.chain = before.next(dst[at+blockHeaderSize:])
	h.put(dst[at:])
	return dst, h, nil
}

// fill writes the first events, as many as fit.
func (e *encoder) fill(p paired) timeSpan {
	for _, w := range []*frame.BatchWriter{&e.current, &e.stored} {
		w.Reset(nil, 0)
		w.BeginUnkeyed()
	}
	span := newTimeSpan()
	for i := range p.current {
		r := &p.current[i]
		size := e.current.Size() + e.stored.Size() + recordSize + len(r.Data) + len(r.Metadata)
		if i > 0 && (i >= e.maxEvents || size > e.maxBytes) {
			break
		}
		add(&e.current, r)
		if p.differ(i) {
			add(&e.stored, &p.stored[i])
		}
		span.add(r.Time.UnixNano())
	}
	return span
}

func finish(dst []byte, w *frame.BatchWriter) ([]byte, error) {
	content, err := w.Finish()
	return append(dst, content...), err
}

func add(w *frame.BatchWriter, r *event.Recorded) {
	w.AddEvent(&frame.Event{
		Position: uint64(r.Position), Version: uint64(r.Version),
		Time: r.Time.UnixNano(),
		ID:   r.ID, AggregateID: r.Aggregate.ID, CorrelationID: r.CorrelationID,
		CausationID: r.CausationID.UUID, HasCausation: r.CausationID.Valid,
		Type: r.Type, AggregateType: r.Aggregate.Type, SchemaVersion: max(r.SchemaVersion, 1),
		Data: r.Data, Metadata: r.Metadata,
	})
}
