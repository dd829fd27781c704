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
	return &bulk{store: s, ids: make(map[uuid.UUID]int)}, nil
}

// bulk is an import into a Store.
type bulk struct {
	store   *Store
	pending []event.Event
	ids     map[uuid.UUID]int // where they are in pending
	closed  bool
}

func (b *bulk) Add(ctx context.Context, e event.Event) (bool, error) {
	if b.closed {
		return false, eventstore.ErrClosed
	}
	if err := e.Validate(); err != nil {
		return false, fmt.Errorf("event %s: %w", e.ID, err)
	}
	if known, err := b.known(&e); known || err != nil {
		return false, err
	}
	b.ids[e.ID] = len(b.pending)
	b.pending = append(b.pending, canonical(e))
	if len(b.pending) < maxPending {
		return true, nil
	}
	return true, b.Flush(ctx)
}

// known reports whether the store has e, or the import.
func (b *bulk) known(e *event.Event) (bool, error) {
	b.store.mu.RLock()
	defer b.store.mu.RUnlock()
	if pos, stored := b.store.ids[e.ID]; stored {
		return true, b.store.taken(pos, e)
	}
	i, pending := b.ids[e.ID]
	if !pending {
		return false, nil
	}
	if field := event.Differs(&b.pending[i], e); field != "" {
		return true, &eventstore.DuplicateIDError{ID: e.ID, Differs: field}
	}
	return true, nil
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
	for i := range b.pending { // all or none
		if pos, stored := s.ids[b.pending[i].ID]; stored { // another writer was quicker
			if err := s.taken(pos, &b.pending[i]); err != nil {
				b.closed = true
				return err
			}
		}
	}
	for _, e := range b.pending {
		if _, stored := s.ids[e.ID]; !stored {
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
