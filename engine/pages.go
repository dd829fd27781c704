package engine

import (
	"context"

	"golang.org/x/time/rate"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
)

// Pager is a Log whose events, as far as it holds them at hand, can be read into
// memory that is used again. Read so, a replay neither allocates per event nor looks
// at stretches that have nothing of interest.
type Pager interface {
	// ReadPage reads events behind a position into a page, about as many as the limit.
	// Given types, it may leave out others. A page that ends where it began says that
	// there is nothing more at hand: what is behind it has to be followed.
	ReadPage(ctx context.Context, p *event.Page, after event.Position, limit int, types ...string) error
}

const (
	// pageBatches is how many batches a page is to make.
	pageBatches = 4
	// pagesAhead is how many pages there are: one is folded, one is read meanwhile.
	pagesAhead = 2
)

// reader reads a log for one generation: what there is at hand in pages, and then
// follows it.
type reader struct {
	log   Log
	types []string // that are wanted; none: all
	size  int      // of a batch, in events
	limit *rate.Limiter
	out   chan<- fedBatch
	free  chan *event.Page
}

// read hands out batches behind a position until ctx is done or something goes wrong.
func (r *reader) read(ctx context.Context, after event.Position) {
	after, err := r.pages(ctx, after)
	if err != nil {
		r.hand(ctx, fedBatch{err: err})
		return
	}
	for b := range chunks(r.log.Follow(ctx, after), r.size) {
		if !r.hand(ctx, b) {
			return
		}
	}
}

// pages hands out what there is at hand, and returns the position behind which the
// log has to be followed.
func (r *reader) pages(ctx context.Context, after event.Position) (event.Position, error) {
	from, ok := r.log.(Pager)
	if !ok {
		return after, nil
	}
	r.free = make(chan *event.Page, pagesAhead)
	for range pagesAhead {
		r.free <- &event.Page{}
	}
	for handed := after; ; {
		var p *event.Page
		select {
		case p = <-r.free:
		case <-ctx.Done():
			return after, ctx.Err()
		}
		if err := from.ReadPage(ctx, p, after, pageBatches*r.size, r.types...); err != nil {
			return after, err
		}
		if p.Through == after {
			if handed < after { // what was left out last belongs to no batch yet
				r.hand(ctx, fedBatch{through: after, gaps: true})
			}
			return after, nil
		}
		after = p.Through
		if n := len(p.Events); n > 0 {
			handed = p.Events[n-1].Position
		}
		if !r.cut(ctx, p) {
			return after, ctx.Err()
		}
	}
}

// cut hands out a page's batches, and gets the page back behind the last one.
func (r *reader) cut(ctx context.Context, p *event.Page) bool {
	if len(p.Events) == 0 {
		r.free <- p
	}
	for events := p.Events; len(events) > 0; {
		n := fitting(events, r.size)
		b := fedBatch{events: events[:n], through: events[n-1].Position, gaps: len(r.types) > 0}
		if events = events[n:]; len(events) == 0 {
			b.release = func() { r.free <- p }
		}
		if !r.hand(ctx, b) {
			return false
		}
	}
	return true
}

// hand reports whether somebody has taken the batch. It waits until the limit allows
// that.
func (r *reader) hand(ctx context.Context, b fedBatch) bool {
	if r.limit != nil && r.limit.WaitN(ctx, len(b.events)) != nil {
		return false
	}
	select {
	case r.out <- b:
		return true
	case <-ctx.Done():
		return false
	}
}

// passOver counts what is left out up to a position.
func (g *generation) passOver(d *delivery.Dispatch, through event.Position) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if through <= g.mark.Position {
		return
	}
	next := g.mark
	next.Position = through
	next.Filtered += uint64(through - g.mark.Position)
	g.launch(d, effect.Batch{Pipeline: g.pipeline, Generation: g.kept.Number(), After: g.mark.Position, Through: through}, next, int(through-g.mark.Position))
	g.mark = next
}
