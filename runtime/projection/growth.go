package projection

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime"
)

// Growth folds the same events again and again, and says how memory grows that
// should not; it is empty if the memory settles. window is after how many events
// memory is looked at, each time anew with the states that keys had at first. A
// resident projection's memory is its state, which may grow: it folds the events
// once, and is asked again and again.
func (p *Projection) Growth(ctx context.Context, events []event.Recorded, window int) (string, error) {
	if p.resident() && !p.answers() {
		return "", nil
	}
	g, err := p.climb(ctx, events, func(r *Run, events []event.Recorded) error {
		if p.resident() {
			return r.askAgain(ctx, window/askShare)
		}
		return r.again(ctx, events, window)
	})
	if err != nil || g.looks == 0 {
		return "", err
	}
	what := fmt.Sprintf("%d events, the same %d over and over", g.looks*window, g.events)
	if p.resident() {
		what = fmt.Sprintf("%d queries for the same state", g.looks*(window/askShare))
	}
	return fmt.Sprintf("its memory grows and does not settle: from %d to %d pages of 64 KiB over %s", g.first, g.last, what), nil
}

// StateGrowth says how a resident projection's memory grows that folds the same
// events again and again; it is empty if the memory settles, and of all other
// projections. It may be right: a state that has all events in it grows.
func (p *Projection) StateGrowth(ctx context.Context, events []event.Recorded, window int) (string, error) {
	if !p.resident() {
		return "", nil
	}
	g, err := p.climb(ctx, events, func(r *Run, events []event.Recorded) error { return r.again(ctx, events, window) })
	if err != nil || g.looks == 0 {
		return "", err
	}
	return fmt.Sprintf("its memory, which is its state, grows for as long as the same %d events are folded: by %d pages of 64 KiB over %d of them",
		g.events, g.last-g.first, g.looks*window), nil
}

// growth is how a memory has grown that did not settle: from first to last pages,
// by so many looks. No looks mean that it settled.
type growth struct{ first, last, looks, events int }

// askShare is how many events count for as much time as one query.
const askShare = 8

// climb takes steps with those of some events that are healthy until the memory has
// settled, or clearly does not.
func (p *Projection) climb(ctx context.Context, events []event.Recorded, step func(*Run, []event.Recorded) error) (g growth, err error) {
	if len(events) == 0 {
		return growth{}, nil
	}
	r, err := p.Start(ctx)
	if err != nil {
		return growth{}, err
	}
	defer func() { err = errors.Join(err, r.Close(ctx)) }()
	events, err = r.healthy(ctx, events)
	if err != nil || len(events) == 0 {
		return growth{}, err
	}
	many := tiled(events)
	g, err = r.settle(func() error { return step(r, many) })
	g.events = len(events)
	return g, err
}

// When memory has settled, and when it never will. A runtime that collects garbage
// lets its heap grow by some MiB before it starts to: that has to fit in between.
const (
	settledLooks = 3   // without growth
	grownPages   = 512 // 32 MiB
	maxLooks     = 64
	lateLooks    = 8 // the last ones, in each of which memory grew
)

// settle takes steps until memory has settled.
func (r *Run) settle(step func() error) (growth, error) {
	if err := step(); err != nil { // until then a guest makes room
		return growth{}, err
	}
	g := growth{first: r.instance.MemoryPages(), last: r.instance.MemoryPages()}
	still, climbing := 0, 0
	for g.looks = 1; g.looks <= maxLooks; g.looks++ {
		if err := step(); err != nil {
			return growth{}, err
		}
		pages := r.instance.MemoryPages()
		if pages > g.last {
			still, climbing = 0, climbing+1
		} else {
			still, climbing = still+1, 0
		}
		g.last = pages
		switch {
		case still == settledLooks:
			return growth{}, nil
		case g.last-g.first >= grownPages:
			return g, nil
		}
	}
	if climbing < lateLooks {
		return growth{}, nil
	}
	g.looks = maxLooks
	return g, nil
}

// again folds the same events, from no states, until so many are folded. What comes
// out is looked at once: it is the guest's memory that is of interest, and a guest
// that fails at last is replaced, as in any fold.
func (r *Run) again(ctx context.Context, events []event.Recorded, count int) error {
	r.reset()
	if err := r.Fold(ctx, events); err != nil {
		return err
	}
	batch, err := r.builder.Build(events, func([]byte) ([]byte, bool) { return nil, false })
	if err != nil || batch.Frame == nil {
		return err
	}
	same := bytes.Clone(batch.Frame) // a restart builds others
	for n := len(events); n < count; n += len(events) {
		_, err := r.instance.Fold(ctx, same)
		var guest *runtime.GuestError
		if errors.As(err, &guest) {
			err = r.restart(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// askAgain asks for all of the state so many times.
func (r *Run) askAgain(ctx context.Context, count int) error {
	for range count {
		if err := r.ask(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tile is how many events a batch has at least that is folded over and over.
const tile = 256

// tiled repeats events until they are enough for a batch.
func tiled(events []event.Recorded) []event.Recorded {
	var list []event.Recorded
	for len(list) < tile {
		for _, e := range events {
			e.Position = event.Position(len(list) + 1)
			list = append(list, e)
		}
	}
	return list
}

// healthy leaves out poison, which costs an instance each time.
func (r *Run) healthy(ctx context.Context, events []event.Recorded) ([]event.Recorded, error) {
	if err := r.Fold(ctx, events); err != nil {
		return nil, err
	}
	poisoned := map[event.Position]bool{}
	for _, p := range r.out.Poison {
		poisoned[p.Position] = true
	}
	var list []event.Recorded
	for _, e := range events {
		if !poisoned[e.Position] {
			list = append(list, e)
		}
	}
	return list, nil
}
