package delivery

import (
	"context"
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

// take waits for a parcel; ok is false once ctx is done.
func (q *inbox) take(ctx context.Context) (p *Parcel, ok bool) {
	for ctx.Err() == nil {
		if p := q.first(); p != nil {
			return p, true
		}
		select {
		case <-q.filled:
		case <-ctx.Done():
		}
	}
	return nil, false
}

func (q *inbox) first() *Parcel {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return nil
	}
	p := q.list[0]
	q.list[0] = nil
	q.list = q.list[1:]
	return p
}
