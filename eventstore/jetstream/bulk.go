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

// bulk imports events in atomic batches over all aggregates. The first event
// of each aggregate in a batch states where the aggregate stands, so a batch
// is stored whole, with the right versions, or not at all. Other writers can
// make the server refuse it; the bulk reads what they wrote and tries again
// with half as many events, at last with one, which needs no luck.
//
// A window of single publishes, each with the sequence that the one before is
// foreseen to get, would not do: after a refusal a later message can find its
// foreseen sequence taken by an earlier one and slip through, out of order and
// with a version too high. Also, with a server that flushes each message to
// disk a batch is several times as fast, for it is flushed once.
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

// A batch is sent when it has MaxAppend events, or bytes beyond maxBulkBytes.
const maxBulkBytes = 4 << 20

// maxBulkAttempts bounds how often a batch is tried.
const maxBulkAttempts = 16

// Bulk implements eventstore.Store. It reads the log once and keeps about 40
// bytes per event and 100 per aggregate until Close.
func (s *Store) Bulk(ctx context.Context) (eventstore.Bulk, error) {
	b := &bulk{
		store: s,
		ids:   make(map[uuid.UUID]struct{}),
		heads: make(map[event.Aggregate]head),
		limit: MaxAppend,
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
	if _, err := b.store.message(&e, 1); err != nil {
		return false, fmt.Errorf("event %s: %w", e.ID, err)
	}
	b.ids[e.ID] = struct{}{}
	e.Data, e.Metadata = slices.Clone(e.Data), slices.Clone(e.Metadata)
	b.pending = append(b.pending, e)
	b.size += pendingSize(&e)
	if len(b.pending) < MaxAppend && b.size < maxBulkBytes {
		return true, nil
	}
	return true, b.Flush(ctx)
}

func (b *bulk) Flush(ctx context.Context) error {
	for attempt := 0; b.failed == nil && len(b.pending) > 0; attempt++ {
		before := len(b.pending)
		retry, err := b.send(ctx, b.pending[:min(b.limit, before)])
		switch {
		case err == nil:
			b.limit = min(2*b.limit, MaxAppend)
		case !retry || attempt == maxBulkAttempts:
			b.failed = b.store.explain("importing events", err)
		case stale(err):
			b.limit = max(b.limit/2, 1)
		case dropped(err):
			pause(ctx, droppedPause)
		}
		if len(b.pending) < before {
			attempt = -1
		}
	}
	return b.failed
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
	messages, err := b.messages(events)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	a, err := b.store.publishBatch(ctx, messages)
	return a.Sequence, err
}

// messages builds the events' messages, with versions as of what is known.
func (b *bulk) messages(events []event.Event) ([]*nats.Msg, error) {
	versions := make(map[event.Aggregate]event.Version, len(events))
	messages := make([]*nats.Msg, len(events))
	for i := range events {
		e := &events[i]
		version, seen := versions[e.Aggregate]
		at := b.heads[e.Aggregate]
		if !seen {
			version = at.version
		}
		m, err := b.store.message(e, version+1)
		if err != nil {
			return nil, err
		}
		if !seen {
			b.store.expect(m, e.Aggregate, at)
		}
		versions[e.Aggregate] = version + 1
		messages[i] = m
	}
	return messages, nil
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

// pendingSize is about what an event takes in a batch, in bytes.
func pendingSize(e *event.Event) int { return len(e.Data) + len(e.Metadata) + 512 }

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
