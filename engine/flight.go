package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// maxFlying bounds the memory of the effects that have yet to be performed.
const maxFlying = 64 << 20

// The defaults of config.Retry: ten attempts in about a minute.
const (
	defaultAttempts = 10
	defaultFirst    = 100 * time.Millisecond
	defaultLongest  = 30 * time.Second
)

// flight is a folded batch whose effects are being performed.
type flight struct {
	parcel delivery.Parcel
	mark   checkpoint.Mark // of the read model, once all of them have been
	events int
}

// openOutlets makes an outlet for each executor. Those without transactions are
// where the state is.
func (g *generation) openOutlets() error {
	g.outlets = g.outlets[:0]
	for i, x := range g.executors {
		at, transactional := x.Position()
		if !transactional {
			at = g.kept.Mark().Position
		}
		o := delivery.NewOutlet(g.names[i], x, policyOf(&g.specs[i].Delivery, transactional), at, g.opts.Now)
		o.Observe(g.opts.Observer.Executed)
		if j, ok := x.(Joiner); ok && transactional && j.Joins() {
			o.JoinBatches()
		}
		g.outlets = append(g.outlets, o)
	}
	for i, x := range g.executors {
		q, ok := x.(Querier)
		if !ok || g.shadows || !q.CanAnswer() {
			continue
		}
		if g.opts.Answers == nil {
			return fmt.Errorf("pipeline %s: its executor %s answers queries, and the engine has no Answers to keep them in", g.pipeline, g.names[i])
		}
		g.outlets[i].AnswerWith(q, g.opts.Answers)
		break
	}
	return nil
}

func policyOf(d *config.Delivery, transactional bool) delivery.Policy {
	p := delivery.Policy{
		Retry:       delivery.Retry{Attempts: d.Retry.Attempts, First: time.Duration(d.Retry.First), Longest: time.Duration(d.Retry.Longest)},
		Suppress:    d.Replay == "suppress" || d.Replay == "" && !transactional,
		DeadLetters: d.OnError == "dead_letter",
	}
	if p.Retry.Attempts == 0 {
		p.Retry.Attempts = defaultAttempts
	}
	if p.Retry.First == 0 {
		p.Retry.First = defaultFirst
	}
	if p.Retry.Longest == 0 {
		p.Retry.Longest = max(defaultLongest, p.Retry.First)
	}
	return p
}

// executorNames are the kinds of a pipeline's executors, with a number behind
// those that come again.
func executorNames(specs []config.Executor) []string {
	seen := map[string]int{}
	names := make([]string, len(specs))
	for i := range specs {
		kind := specs[i].Innermost().Kind()
		if seen[kind]++; seen[kind] > 1 {
			kind = fmt.Sprintf("%s_%d", kind, seen[kind])
		}
		names[i] = kind
	}
	return names
}

// launch hands a folded batch's effects to the executors.
func (g *generation) launch(d *delivery.Dispatch, b effect.Batch, mark checkpoint.Mark, events int) {
	f := &flight{mark: mark, events: events}
	f.parcel.Fill(b)
	g.flying = append(g.flying, f)
	d.Send(&f.parcel)
}

// land takes note of what all executors have performed.
func (g *generation) land() error {
	for len(g.flying) > 0 && g.flying[0].parcel.Done() {
		f := g.flying[0]
		g.flying = g.flying[1:]
		g.passed.Store(&f.mark)
		if f.mark.Position <= g.told {
			continue // it has been folded before, and again since
		}
		events := min(f.events, int(f.mark.Position-g.told))
		g.told = f.mark.Position
		g.lag.moved(f.mark.Position, g.opts.Now)
		g.opts.Observer.Folded(g.pipeline, g.kept.Number(), f.mark.Position, events, len(f.parcel.Batch.Effects))
	}
	return g.storeSealed()
}

// isFull reports whether the fold has to wait for the executors.
func (g *generation) isFull() bool {
	if len(g.flying) >= g.opts.Ahead || g.sealed != nil && g.isHeavy() {
		return true
	}
	size := 0
	for _, f := range g.flying {
		size += f.parcel.Size()
	}
	return size >= maxFlying
}

// isHeavy reports whether many changes wait to be sealed.
func (g *generation) isHeavy() bool { return len(g.changes) >= maxChanges || g.changing >= maxChanging }

// finish waits until everything that has been folded has been performed, and
// stores the state. What is not performed when ctx has been done for stopGrace
// comes again.
func (g *generation) finish(ctx context.Context, d *delivery.Dispatch) error {
	if err := g.settle(ctx, d); err != nil || len(g.flying) > 0 {
		return err
	}
	return g.seal(ctx)
}

// settle waits until everything that has been folded has been performed or, once
// ctx is done, for stopGrace.
func (g *generation) settle(ctx context.Context, d *delivery.Dispatch) error {
	stopping := ctx.Done()
	var late <-chan time.Time
	for {
		if err := g.land(); err != nil || len(g.flying) == 0 {
			return err
		}
		select {
		case <-d.Progress():
		case <-d.Failed():
			return g.undelivered(d.Err())
		case <-stopping:
			d.Hurry()
			stopping, late = nil, time.After(stopGrace)
		case <-late:
			return nil
		}
	}
}

func (g *generation) undelivered(err error) error {
	through := event.Position(0)
	if len(g.flying) > 0 {
		through = g.flying[0].mark.Position
	}
	return &DeliveryError{g.pipeline, through, err}
}
