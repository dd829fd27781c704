package storetest

import (
	"context"
	"sync"
	"sync/atomic"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// call is an append that one of several writers makes, and what came of it.
type call struct {
	agg      event.Aggregate
	expected event.Expected
	events   []event.Event

	began, ended uint64 // by the round's clock; 0 if it did not
	at           eventstore.Appended
	err          error
}

// round is what several writers, an importer and a follower do at once.
type round struct {
	writers [][]*call
	imports []event.Event // empty: no importer
	after   event.Position

	clock    atomic.Uint64
	done     atomic.Int64 // calls that have ended
	killAt   int64        // the number of ended calls at which kill is called
	kill     func()       // nil if nothing is killed
	imported error        // why the import is not acknowledged, or nil
	followed []event.Recorded
	ended    error // of the follower
}

// calls returns the calls of all writers.
func (r *round) calls() (all []*call) {
	for _, calls := range r.writers {
		all = append(all, calls...)
	}
	return all
}

// draw makes up a round.
func (m *model) draw(t *rapid.T) *round {
	r := &round{writers: make([][]*call, rapid.IntRange(2, 6).Draw(t, "writers"))}
	for i := range r.writers {
		for range rapid.IntRange(1, 4).Draw(t, "calls") {
			r.writers[i] = append(r.writers[i], m.call(t, r))
		}
	}
	for range rapid.IntRange(-4, 6).Draw(t, "imports") {
		r.imports = append(r.imports, m.events(m.aggregate(t), 1)...)
	}
	r.after = event.Position(rapid.IntRange(0, len(m.log)).Draw(t, "follow after"))
	return r
}

// call makes up one append: a new one, one that another writer makes as well,
// or one that is stored already.
func (m *model) call(t *rapid.T, r *round) *call {
	others := r.calls()
	switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
	case kind == 0 && len(others) > 0:
		twin := pick(t, others, "twin")
		return &call{agg: twin.agg, expected: twin.expected, events: twin.events}
	case kind == 1 && len(m.appends) > 0:
		events := pick(t, m.appends, "old append")
		return &call{agg: events[0].Aggregate, expected: m.expectations(t, events), events: events}
	}
	agg := m.aggregate(t)
	expected := event.Any()
	if rapid.IntRange(0, 2).Draw(t, "any") > 0 {
		expected = event.Exactly(m.last[agg] + event.Version(rapid.IntRange(0, 3).Draw(t, "ahead")))
	}
	size := rapid.SampledFrom([]int{1, 1, 1, 2, 5, 40}).Draw(t, "size")
	return &call{agg: agg, expected: expected, events: m.events(agg, size)}
}

// run lets everybody go and waits for all but the follower, who is stopped when
// it has seen all there is.
func (r *round) run(ctx context.Context, s eventstore.Log) {
	following, stop := r.follow(ctx, s)
	var all sync.WaitGroup
	for _, calls := range r.writers {
		all.Go(func() { r.write(ctx, s, calls) })
	}
	if len(r.imports) > 0 {
		all.Go(func() { r.imported = importEvents(ctx, s, r.imports) })
	}
	all.Wait()
	if r.kill != nil && r.done.Load() < r.killAt {
		r.kill()
	}
	head, err := s.Head(ctx)
	if err != nil {
		head = 0
	}
	following(head)
	stop()
}

// write makes one writer's calls, up to the first whose outcome is unknown: its
// author does not know then what to do next.
func (r *round) write(ctx context.Context, s eventstore.Log, calls []*call) {
	for _, c := range calls {
		c.began = r.clock.Add(1)
		c.at, c.err = s.Append(ctx, c.agg, c.expected, c.events...)
		c.ended = r.clock.Add(1)
		if r.done.Add(1) == r.killAt && r.kill != nil {
			r.kill()
		}
		if c.err != nil && conflictOf(c.err) == nil {
			return
		}
	}
}

func importEvents(ctx context.Context, s eventstore.Log, events []event.Event) error {
	b, err := s.Bulk(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }() // returns nil; what matters is flushed
	for _, e := range events {
		if _, err := b.Add(ctx, e); err != nil {
			return err
		}
	}
	return b.Flush(ctx)
}

// follow begins to follow the log. The first function it returns waits until a
// position was seen, or the follower has ended; the second one ends it.
func (r *round) follow(ctx context.Context, s eventstore.Log) (until func(event.Position), stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	batches := make(chan []event.Recorded)
	go func() {
		defer close(batches)
		for batch, err := range s.Follow(ctx, r.after) {
			if err != nil {
				r.ended = err
				return
			}
			select {
			case batches <- batch:
			case <-ctx.Done():
				return
			}
		}
	}()
	until = func(head event.Position) {
		for last := r.after; last < head; {
			batch, more := <-batches
			if !more || len(batch) == 0 {
				return
			}
			r.followed = append(r.followed, batch...)
			last = batch[len(batch)-1].Position
		}
	}
	return until, func() {
		cancel()
		for batch := range batches {
			r.followed = append(r.followed, batch...)
		}
	}
}
