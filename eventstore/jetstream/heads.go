package jetstream

import (
	"sync"

	"github.com/refold-dev/refold/domain/event"
)

// head is where an aggregate stands: its version and the stream sequence of
// its last message, both 0 if it has none.
type head struct {
	version  event.Version
	sequence uint64
}

// heads remembers where aggregates stand, so that an append need not ask. It
// may be out of date: the server has the last word. It keeps the aggregates
// used last, between headsPerAge and twice as many.
type heads struct {
	mu         sync.Mutex
	young, old map[event.Aggregate]head
}

// headsPerAge is chosen for about 2 MB.
const headsPerAge = 8192

func newHeads() *heads { return &heads{young: make(map[event.Aggregate]head)} }

func (h *heads) get(a event.Aggregate) (head, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, ok := h.young[a]
	if !ok {
		at, ok = h.old[a]
	}
	return at, ok
}

// put remembers a head, unless a later one is known.
func (h *heads) put(a event.Aggregate, at head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if known, ok := h.young[a]; ok && known.sequence > at.sequence {
		return
	}
	if len(h.young) >= headsPerAge {
		h.old, h.young = h.young, make(map[event.Aggregate]head)
	}
	h.young[a] = at
}

func (h *heads) forget(a event.Aggregate) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.young, a)
	delete(h.old, a)
}
