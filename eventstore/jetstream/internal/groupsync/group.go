package groupsync

import (
	"context"
	"sync"
)

// Group runs one operation for all that ask for it at about the same time.
type Group struct {
	operation func() error

	mu      sync.Mutex
	running bool
	next    *round // what those wait for who came while another round runs
}

// round is one run of the operation.
type round struct {
	done chan struct{}
	err  error // set before done is closed
}

// New returns a group that runs operation.
func New(operation func() error) *Group { return &Group{operation: operation} }

// Sync returns the error of a run of the operation that began after the call.
// It returns early when ctx is done; the run goes on.
func (g *Group) Sync(ctx context.Context) error {
	r := g.join()
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join returns the next round, which starts at once if none is running.
func (g *Group) join() *round {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil {
		g.next = &round{done: make(chan struct{})}
	}
	r := g.next
	if !g.running {
		g.running, g.next = true, nil
		go g.run(r)
	}
	return r
}

// run runs rounds until nobody waits for one.
func (g *Group) run(r *round) {
	for r != nil {
		r.err = g.operation()
		close(r.done)
		g.mu.Lock()
		r, g.next = g.next, nil
		g.running = r != nil
		g.mu.Unlock()
	}
}
