package archive

import (
	"context"
	"sync/atomic"

	"github.com/refold-dev/refold/domain/event"
)

// What is read ahead of an append is bounded by its bytes, so that large events
// do not fill the memory, and small ones keep the log's reader at work while a
// segment is sealed.
const (
	maxAhead      = 256      // batches
	maxAheadBytes = 48 << 20 // which one batch may exceed
)

// ahead counts the bytes that are read ahead, and those that are being appended.
type ahead struct {
	bytes atomic.Int64
	freed chan struct{} // holds one token after take
}

func newAhead() *ahead { return &ahead{freed: make(chan struct{}, 1)} }

// put counts events in, after waiting for room or for the end of ctx.
func (a *ahead) put(ctx context.Context, events []event.Recorded) {
	for a.bytes.Load() >= maxAheadBytes {
		select {
		case <-a.freed:
		case <-ctx.Done():
			return
		}
	}
	a.bytes.Add(eventBytes(events))
}

// take counts events out.
func (a *ahead) take(events []event.Recorded) {
	a.bytes.Add(-eventBytes(events))
	select {
	case a.freed <- struct{}{}:
	default:
	}
}

// eventBytes is about what events take in memory.
func eventBytes(events []event.Recorded) int64 {
	total := 256 * len(events)
	for i := range events {
		total += len(events[i].Data) + len(events[i].Metadata)
	}
	return int64(total)
}
