package projection

import (
	"context"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/domain/event"
)

// Growth folds the same events again and again, and says how memory grows that
// should not; it is empty if the memory settles. window is after how many events
// memory is looked at, each time anew with the states that keys had at first. A resident projection's memory is its state, which may
// grow: it is not looked at.
func (p *Projection) Growth(ctx context.Context, events []event.Recorded, window int) (_ string, err error) {
	if p.resident() || len(events) == 0 {
		return "", nil
	}
	r, err := p.Start(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, r.Close(ctx)) }()
	events, err = r.healthy(ctx, events)
	if err != nil || len(events) == 0 {
		return "", err
	}
	first, last, looks, err := r.settle(ctx, tiled(events), window)
	if err != nil || looks == 0 {
		return "", err
	}
	return fmt.Sprintf("its memory grows and does not settle: from %d to %d pages of 64 KiB over %d events, the same %d over and over",
		first, last, looks*window, len(events)), nil
}

// When memory has settled, and when it never will. A runtime that collects garbage
// lets its heap grow by some MiB before it starts to: that has to fit in between.
const (
	settledLooks = 3   // without growth
	grownPages   = 512 // 32 MiB
	maxLooks     = 64
	lateLooks    = 8 // the last ones, in each of which memory grew
)

// settle folds events until memory has settled: then looks is 0. Otherwise it is
// how often memory was looked at, and first and last are its pages.
func (r *Run) settle(ctx context.Context, events []event.Recorded, window int) (first, last, looks int, err error) {
	if err := r.again(ctx, events, window); err != nil { // until then a guest makes room
		return 0, 0, 0, err
	}
	first = r.instance.MemoryPages()
	last = first
	still, climbing := 0, 0
	for looks = 1; looks <= maxLooks; looks++ {
		if err := r.again(ctx, events, window); err != nil {
			return 0, 0, 0, err
		}
		pages := r.instance.MemoryPages()
		if pages > last {
			still, climbing = 0, climbing+1
		} else {
			still, climbing = still+1, 0
		}
		last = pages
		switch {
		case still == settledLooks:
			return first, last, 0, nil
		case last-first >= grownPages:
			return first, last, looks, nil
		}
	}
	if climbing < lateLooks {
		return first, last, 0, nil
	}
	return first, last, maxLooks, nil
}

// again folds the same events until so many are folded.
func (r *Run) again(ctx context.Context, events []event.Recorded, count int) error {
	for n := 0; n < count; n += len(events) {
		r.reset()
		if err := r.Fold(ctx, events); err != nil {
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
