package projection

import (
	"context"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/domain/event"
)

// Growth folds the same events again and again, and says how memory grows that
// should not; it is empty if the memory settles. window is after how many events
// memory is looked at. A resident projection's memory is its state, which may
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
	// A runtime that collects garbage lets its heap grow before it starts to, so a
	// memory that grew so far is looked at once more, for longer.
	var pages []int
	for _, window := range []int{window, 2 * window} {
		if pages, err = r.grow(ctx, events, window); err != nil || !climbs(pages) {
			return "", err
		}
	}
	return fmt.Sprintf("its memory grows with every call and does not settle: %v pages of 64 KiB, looked at every %d events, all of them the same %d over and over",
		pages, 2*window, len(events)), nil
}

// windows is how often memory is looked at.
const windows = 4

// climbs reports whether memory grew from each look to the next, the first two
// apart: until then a guest may be making room.
func climbs(pages []int) bool {
	for i := 2; i < len(pages); i++ {
		if pages[i] <= pages[i-1] {
			return false
		}
	}
	return true
}

func (r *Run) grow(ctx context.Context, events []event.Recorded, window int) ([]int, error) {
	var pages []int
	for range windows {
		for n := 0; n < window; n += len(events) {
			r.reset()
			if err := r.Fold(ctx, events); err != nil {
				return nil, err
			}
		}
		pages = append(pages, r.instance.MemoryPages())
	}
	return pages, nil
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
