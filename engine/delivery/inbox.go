package delivery

import (
	"context"
	"slices"
	"sync"
)

// inbox is a queue without an end of its own: whoever fills it counts.
type inbox struct {
	mu     sync.Mutex
	list   []*Parcel
	filled chan struct{} // holds one token if there may be something to take
}

func newInbox() *inbox { return &inbox{filled: make(chan struct{}, 1)} }

func (q *inbox) put(p *Parcel) {
	q.mu.Lock()
	q.list = append(q.list, p)
	q.mu.Unlock()
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

// take waits for parcels and takes, of those that are there, as many as fit says: at
// least one. ok is false once ctx is done.
func (q *inbox) take(ctx context.Context, fit func([]*Parcel) int) (parcels []*Parcel, ok bool) {
	for ctx.Err() == nil {
		if parcels := q.first(fit); len(parcels) > 0 {
			return parcels, true
		}
		select {
		case <-q.filled:
		case <-ctx.Done():
		}
	}
	return nil, false
}

func (q *inbox) first(fit func([]*Parcel) int) []*Parcel {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return nil
	}
	n := fit(q.list)
	taken := slices.Clone(q.list[:n])
	clear(q.list[:n])
	q.list = q.list[n:]
	return taken
}
