package jetstream

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// bulk imports events in chains (see chain), which the server stores behind the
// end of the log as the bulk knows it, or not. Where the server has no chains
// it does so in atomic batches, in which the first event of each aggregate
// states where the aggregate stands. Other writers can make the server refuse a
// part; the bulk reads what they wrote and tries again with half as many
// events, at last with one, which needs no luck.
//
// It knows the whole log, by one read of it at the start: every event id,
// about 40 bytes each, and where every aggregate stands, about 100 bytes each.
type bulk struct {
	store   *Store
	through uint64 // the log is known through this sequence
	ids     map[uuid.UUID]struct{}
	heads   map[event.Aggregate]head
	pending []event.Event
	size    int   // bytes of pending, about
	limit   int   // events to send at once
	failed  error // why the import is over
}

// Events are sent when there are as many as bulkLimit says, or bytes beyond
// maxBulkBytes.
const maxBulkBytes = 8 << 20

// bulkLimit is how many events are sent at once.
func (s *Store) bulkLimit() int {
	if s.chains {
		return maxChain
	}
	return MaxAppend
}

// maxBulkAttempts bounds how often the same events are tried.
const maxBulkAttempts = 16

// Bulk implements eventstore.Log. It reads the log once and keeps about 40
// bytes per event and 100 per aggregate until Close.
func (s *Store) Bulk(ctx context.Context) (eventstore.Bulk, error) {
	b := &bulk{
		store: s,
		ids:   make(map[uuid.UUID]struct{}),
		heads: make(map[event.Aggregate]head),
		limit: s.bulkLimit(),
	}
	if err := b.catchUp(ctx); err != nil {
		return nil, fmt.Errorf("beginning an import: %w", err)
	}
	return b, nil
}

func (b *bulk) Add(ctx context.Context, e event.Event) (bool, error) {
	if b.failed != nil {
		return false, b.failed
	}
	if err := e.Validate(); err != nil {
		return false, fmt.Errorf("event %s: %w", e.ID, err)
	}
	if _, known := b.ids[e.ID]; known {
		return false, nil
	}
	if pendingSize(&e)+headerBytes > int(b.store.nc.MaxPayload()) {
		if _, err := b.store.message(&e, 1); err != nil {
			return false, fmt.Errorf("event %s: %w", e.ID, err)
		}
	}
	b.ids[e.ID] = struct{}{}
	e.Data, e.Metadata = slices.Clone(e.Data), slices.Clone(e.Metadata)
	b.pending = append(b.pending, e)
	b.size += pendingSize(&e)
	if len(b.pending) < b.store.bulkLimit() && b.size < maxBulkBytes {
		return true, nil
	}
	return true, b.sendAll(ctx)
}

func (b *bulk) Flush(ctx context.Context) error {
	err := b.sendAll(ctx)
	if err == nil {
		b.failed = b.store.flusher.flush(ctx, b.through)
	}
	return b.failed
}

// sendAll stores all pending events. They may not be on disk.
func (b *bulk) sendAll(ctx context.Context) error {
	if b.failed == nil {
		b.failed = b.store.flusher.refusal()
	}
	for attempt := 0; b.failed == nil && len(b.pending) > 0; attempt++ {
		before := len(b.pending)
		retry, err := b.send(ctx, b.pending[:min(b.limit, before)])
		switch {
		case err == nil:
			b.limit = min(2*b.limit, b.store.bulkLimit())
		case !retry || attempt == maxBulkAttempts:
			b.failed = b.store.explain("importing events", err)
		case stale(err):
			b.limit = fewer(b.limit, before-len(b.pending))
		case dropped(err):
			pause(ctx, droppedPause)
		}
		if len(b.pending) < before {
			attempt = -1
		}
	}
	return b.failed
}

// minChain is how many events are worth a chain between two of other writers.
const minChain = 8

// fewer returns how many events to send after others came between: about as
// many as there was room for, or half as many as before if there was none.
func fewer(limit, stored int) int {
	if stored > 0 {
		return min(max(2*stored, minChain), limit)
	}
	return max(limit/2, 1)
}

// send stores events, the first of the pending ones, in one attempt.
func (b *bulk) send(ctx context.Context, events []event.Event) (retry bool, err error) {
	last, err := b.publish(ctx, events)
	if err == nil && last == b.through+uint64(len(events)) {
		b.stored(len(events))
		return false, nil
	}
	// Somebody else has written meanwhile, or the answer was lost: the log shows.
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	before := len(b.pending)
	if readErr := b.catchUp(ctx); readErr != nil {
		return false, readErr
	}
	if err == nil && len(b.pending) > before-len(events) {
		return false, fmt.Errorf("the log lacks events that the server confirmed, up to position %d", last)
	}
	return true, err
}

// publish sends events and returns the sequence of the last one.
func (b *bulk) publish(ctx context.Context, events []event.Event) (uint64, error) {
	if len(events) == 1 {
		at, err := b.store.Append(ctx, events[0].Aggregate, event.Any(), events...)
		return uint64(at.Position), err
	}
	versions := make(map[event.Aggregate]event.Version, len(events))
	if b.store.chains {
		return b.store.publishChain(ctx, b.through, len(events), func(i int) (*nats.Msg, error) {
			m, _, err := b.message(versions, &events[i])
			return m, err
		})
	}
	messages := make([]*nats.Msg, len(events))
	for i := range events {
		m, first, err := b.message(versions, &events[i])
		if err != nil {
			return 0, err
		}
		if agg := events[i].Aggregate; first {
			b.store.expect(m, agg, b.heads[agg])
		}
		messages[i] = m
	}
	a, err := b.store.publishBatch(ctx, messages)
	return a.Sequence, err
}

// message builds the message of the next event to be sent, with its version as
// of what is known. Versions are those of the aggregates that were given one
// since; first says that this event's aggregate was not.
func (b *bulk) message(versions map[event.Aggregate]event.Version, e *event.Event) (m *nats.Msg, first bool, err error) {
	version, seen := versions[e.Aggregate]
	if !seen {
		version = b.heads[e.Aggregate].version
	}
	versions[e.Aggregate] = version + 1
	m, err = b.store.message(e, version+1)
	return m, !seen, err
}

// stored notes that the first n pending events are the log's next ones.
func (b *bulk) stored(n int) {
	for i := range b.pending[:n] {
		b.through++
		agg := b.pending[i].Aggregate
		b.heads[agg] = head{b.heads[agg].version + 1, b.through}
	}
	b.setPending(slices.Delete(b.pending, 0, n))
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
// pending events.
func (b *bulk) catchUp(ctx context.Context) error {
	last, err := b.store.Head(ctx)
	if err != nil {
		return err
	}
	found := make(map[uuid.UUID]bool)
	err = b.store.until(ctx, b.store.subjects.all(), b.through, uint64(last), func(r event.Recorded) error {
		at := b.heads[r.Aggregate]
		if r.Version != at.version+1 {
			return &eventstore.VersionGapError{Aggregate: r.Aggregate, Position: r.Position, Expected: at.version + 1, Actual: r.Version}
		}
		b.heads[r.Aggregate] = head{r.Version, uint64(r.Position)}
		b.ids[r.ID] = struct{}{}
		b.through = uint64(r.Position)
		if len(b.pending) > 0 {
			found[r.ID] = true
		}
		return nil
	})
	b.setPending(slices.DeleteFunc(b.pending, func(e event.Event) bool { return found[e.ID] }))
	return err
}

func (b *bulk) Close() error {
	b.failed = eventstore.ErrClosed
	b.ids, b.heads, b.pending = nil, nil, nil
	return nil
}
