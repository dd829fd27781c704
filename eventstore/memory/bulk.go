package memory

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// maxPending is the number of events that Add keeps before it stores them.
const maxPending = 1024

// Bulk implements eventstore.Store.
func (s *Store) Bulk(context.Context) (eventstore.Bulk, error) {
	return &bulk{store: s, ids: make(map[uuid.UUID]bool)}, nil
}

// bulk is an import into a Store.
type bulk struct {
	store   *Store
	pending []event.Event
	ids     map[uuid.UUID]bool // of pending
	closed  bool
}

func (b *bulk) Add(ctx context.Context, e event.Event) (bool, error) {
	if b.closed {
		return false, eventstore.ErrClosed
	}
	if err := e.Validate(); err != nil {
		return false, fmt.Errorf("event %s: %w", e.ID, err)
	}
	b.store.mu.RLock()
	_, stored := b.store.ids[e.ID]
	b.store.mu.RUnlock()
	if stored || b.ids[e.ID] {
		return false, nil
	}
	b.ids[e.ID] = true
	b.pending = append(b.pending, canonical(e))
	if len(b.pending) < maxPending {
		return true, nil
	}
	return true, b.Flush(ctx)
}

func (b *bulk) Flush(ctx context.Context) error {
	if b.closed {
		return eventstore.ErrClosed
	}
	s := b.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	for _, e := range b.pending {
		if _, stored := s.ids[e.ID]; !stored { // another writer may have been quicker
			s.add(e)
		}
	}
	if len(b.pending) > 0 {
		s.announce()
	}
	b.pending = b.pending[:0]
	clear(b.ids)
	return nil
}

func (b *bulk) Close() error {
	b.closed = true
	return nil
}
