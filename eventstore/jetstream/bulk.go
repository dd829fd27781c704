package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// bulk imports events through a chain (see chain), which the server stores
// behind the end of the log as the bulk knows it, or not. Where the server has
// no chains it does so in atomic batches, in which the first event of each
// aggregate states where the aggregate stands. Other writers can make the server
// refuse a part; the bulk reads what they wrote and tries again with half as
// many events, at last with one, which needs no luck.
//
// It knows the whole log, by one read of it at the start: every event id, where
// it is and what it was given to (see known), about 60 bytes each, and where
// every aggregate stands, about 100 bytes each.
type bulk struct {
	store   *Store
	began   uint64 // the log's end when the import began
	through uint64 // the log is known through this sequence
	ids     map[uuid.UUID]known
	heads   map[event.Aggregate]head // as of the events that are sent
	pending []event.Event            // not known to be stored
	size    int                      // bytes of pending, about
	sent    int                      // the first of pending are under way
	counted []counted                // the events sent that are not known to be at their places
	chain   *chain                   // in which they are, if it is not nil
	limit   int                      // how many may be under way at once
	luck    int                      // events stored since limit was set
	failed  error                    // why the import is over
}

// counted is an event that counts in heads, and where its aggregate stood.
type counted struct {
	id        uuid.UUID
	aggregate event.Aggregate
	was       head
}

// maxBulkBytes bounds the events that are under way, in bytes.
const maxBulkBytes = 8 << 20

// Bulk implements eventstore.Log. It reads the log once and keeps about 60
// bytes per event and 100 per aggregate until Close.
func (s *Store) Bulk(ctx context.Context) (eventstore.Bulk, error) {
	b := &bulk{
		store: s,
		ids:   make(map[uuid.UUID]known),
		heads: make(map[event.Aggregate]head),
		limit: s.bulkLimit(),
	}
	err := s.led(ctx) // without a leader the reading would wait for one
	if err == nil {
		err = b.catchUp(ctx, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("beginning an import: %w", err)
	}
	b.began = b.through
	return b, nil
}

func (b *bulk) Add(ctx context.Context, e event.Event) (bool, error) {
	if b.failed != nil {
		return false, b.failed
	}
	if err := e.Validate(); err != nil {
		return false, fmt.Errorf("event %s: %w", e.ID, err)
	}
	if k, taken := b.ids[e.ID]; taken {
		return false, b.compare(ctx, k, &e)
	}
	if pendingSize(&e)+headerBytes > int(b.store.nc.MaxPayload()) {
		if _, err := b.store.message(&e, 1); err != nil {
			return false, fmt.Errorf("event %s: %w", e.ID, err)
		}
	}
	e.Data, e.Metadata = event.OneLine(e.Data), event.OneLine(e.Metadata)
	b.ids[e.ID] = known{sum: sum(&e)}
	b.pending = append(b.pending, e)
	b.size += pendingSize(&e)
	if len(b.pending)-b.sent < b.store.bulkStep() && b.size < maxBulkBytes {
		return true, nil
	}
	return true, b.send(ctx, false)
}

func (b *bulk) Flush(ctx context.Context) error {
	err := b.send(ctx, true)
	if err == nil {
		b.failed = b.store.flusher.flush(ctx, b.through)
	}
	return b.failed
}

func (b *bulk) setPending(events []event.Event) {
	b.pending, b.size = events, 0
	for i := range events {
		b.size += pendingSize(&events[i])
	}
}

// pendingSize is more than an event's body and subject take, in bytes: ids, a
// time and numbers, and the two type names, each twice.
func pendingSize(e *event.Event) int { return len(e.Data) + len(e.Metadata) + 1024 }

// catchUp reads what is new in the log, and drops what it finds there from the
// pending events. It must find those that the server has promised to be there.
func (b *bulk) catchUp(ctx context.Context, promised []counted) error {
	last, err := b.store.Head(ctx)
	if err != nil {
		return err
	}
	found := make(map[uuid.UUID]bool, len(b.pending)+len(promised))
	for i := range b.pending {
		found[b.pending[i].ID] = false
	}
	for _, c := range promised {
		found[c.id] = false
	}
	var other error // of a pending event whose id another one has by now
	err = b.store.until(ctx, b.store.subjects.all(), b.through, uint64(last), func(r event.Recorded) error {
		at := b.heads[r.Aggregate]
		if r.Version != at.version+1 {
			return &eventstore.VersionGapError{Aggregate: r.Aggregate, Position: r.Position, Expected: at.version + 1, Actual: r.Version}
		}
		b.heads[r.Aggregate] = head{r.Version, uint64(r.Position)}
		was := b.ids[r.ID]
		b.ids[r.ID] = known{position: r.Position, sum: sum(&r.Event)}
		b.through = uint64(r.Position)
		if _, wanted := found[r.ID]; wanted {
			found[r.ID] = true
			other = errors.Join(other, b.compareOwn(was, &r))
		}
		return nil
	})
	b.setPending(slices.DeleteFunc(b.pending, func(e event.Event) bool { return found[e.ID] }))
	for _, c := range promised {
		if err == nil && !found[c.id] {
			err = fmt.Errorf("the log lacks event %s, which the server confirmed", c.id)
		}
	}
	return errors.Join(err, other)
}

func (b *bulk) Close() error {
	_ = b.callOff()
	b.failed = eventstore.ErrClosed
	b.ids, b.heads, b.pending = nil, nil, nil
	return nil
}
