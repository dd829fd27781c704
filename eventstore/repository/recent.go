package repository

import (
	"sync"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

// standing is an aggregate up to a version, and what proves that a log has it.
type standing[S any] struct {
	aggregate.Instance[S]
	known    marks
	position event.Position // of the last event in it
	eventID  uuid.UUID      // of that event
	saved    event.Version  // of its newest snapshot, as far as it is known
}

// recent remembers aggregates as they stood last: those used last, between size
// and twice as many. Who gets one has a state of its own. Its methods are safe
// for concurrent use.
type recent[S any] struct {
	size int // 0 remembers nothing
	copy func(S) S

	mu         sync.Mutex
	young, old map[uuid.UUID]standing[S]
}

func newRecent[S any](size int, copy func(S) S) *recent[S] {
	return &recent[S]{size: size, copy: copy, young: map[uuid.UUID]standing[S]{}}
}

func (r *recent[S]) get(id uuid.UUID) (standing[S], bool) {
	if r.size == 0 {
		return standing[S]{}, false
	}
	r.mu.Lock()
	at, ok := r.young[id]
	if !ok {
		at, ok = r.old[id]
	}
	r.mu.Unlock()
	if ok {
		at.State = r.copy(at.State)
	}
	return at, ok
}

// put remembers where an aggregate stands. Of two that load at once the later
// one counts, even if it has seen less: that costs events, and is never wrong.
func (r *recent[S]) put(at standing[S]) {
	if r.size == 0 || at.Version == 0 {
		return
	}
	at.State = r.copy(at.State)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.young) >= r.size {
		r.old, r.young = r.young, make(map[uuid.UUID]standing[S], r.size)
	}
	r.young[at.ID] = at
}

func (r *recent[S]) forget(id uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.young, id)
	delete(r.old, id)
}
