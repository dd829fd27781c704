package archive

import (
	"fmt"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
)

// encoder makes blocks of events. It is used by one goroutine.
type encoder struct {
	w         frame.BatchWriter
	maxEvents int
	maxBytes  int
}

// block appends to dst one block of the first events, as many as fit, and
// returns how many those are.
func (e *encoder) block(dst []byte, before chain, events []event.Recorded) ([]byte, blockHeader, error) {
	e.w.Reset(nil, 0)
	e.w.BeginUnkeyed()
	span := newTimeSpan()
	for i := range events {
		r := &events[i]
		full := e.w.Events() >= e.maxEvents || e.w.Size()+recordSize+len(r.Data)+len(r.Metadata) > e.maxBytes
		if full && i > 0 {
			break
		}
		e.add(r)
		span.add(r.Time.UnixNano())
	}
	content, err := e.w.Finish()
	if err != nil {
		return dst, blockHeader{}, fmt.Errorf("event at position %d: %w", events[0].Position, err)
	}
	h := blockHeader{
		length: uint32(blockHeaderSize + len(content)), first: events[0].Position, count: uint32(e.w.Events()),
		minTime: span.min, maxTime: span.max, chain: before.next(content),
	}
	at := len(dst)
	dst = append(dst, make([]byte, blockHeaderSize)...)
	dst = append(dst, content...)
	h.put(dst[at:])
	return dst, h, nil
}

func (e *encoder) add(r *event.Recorded) {
	e.w.AddEvent(&frame.Event{
		Position: uint64(r.Position), Version: uint64(r.Version),
		Time: r.Time.UnixNano(),
		ID:   r.ID, AggregateID: r.Aggregate.ID, CorrelationID: r.CorrelationID,
		CausationID: r.CausationID.UUID, HasCausation: r.CausationID.Valid,
		Type: r.Type, AggregateType: r.Aggregate.Type, SchemaVersion: max(r.SchemaVersion, 1),
		Data: r.Data, Metadata: r.Metadata,
	})
}
