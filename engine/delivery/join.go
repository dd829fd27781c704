package delivery

import (
	"context"
	"slices"

	"github.com/refold-dev/refold/domain/effect"
)

// maxJoined and maxJoinedSize bound what is performed as one batch, in effects and
// in bytes, about.
const (
	maxJoined     = 16_384
	maxJoinedSize = 8 << 20
)

// JoinBatches has batches that lie ready performed as one: a transaction costs the
// same for many effects as for few. It is called before the outlet is at work.
func (o *Outlet) JoinBatches() { o.joins = true }

// Preparer is an executor that can make ready for a batch while it performs another.
type Preparer interface {
	// Prepare gets what Execute is likely to be given next. It may be called beside an
	// Execute, not beside another Prepare.
	Prepare(effects []effect.Effect)
}

// load is some parcels that an outlet has taken.
type load struct {
	parcels []*Parcel
	batch   effect.Batch  // of several parcels; empty for one
	ready   chan struct{} // closed when the executor is prepared; nil if it need not be
}

func newLoad(parcels []*Parcel) *load {
	l := &load{parcels: parcels}
	if len(parcels) > 1 {
		l.batch = join(parcels)
	}
	return l
}

// await waits until the executor is prepared; nil is no load.
func (l *load) await() {
	if l != nil && l.ready != nil {
		<-l.ready
	}
}

// ahead takes what lies ready already, if it is of several parcels and the executor
// prepares for it, which it begins to.
func (o *Outlet) ahead(queue *inbox) *load {
	x, ok := o.executor.(Preparer)
	if !ok || !o.joins {
		return nil
	}
	parcels := queue.first(o.joinable)
	if len(parcels) == 0 {
		return nil
	}
	l := newLoad(parcels)
	if len(parcels) > 1 {
		l.ready = make(chan struct{})
		go func() {
			defer close(l.ready)
			x.Prepare(l.batch.Effects)
		}()
	}
	return l
}

// joined has parcels performed as one batch, in a single attempt, and reports
// whether they have been. If not, each by itself is still to be performed: which of
// them is to blame, and what to do about it, shows then.
func (o *Outlet) joined(ctx context.Context, l *load) bool {
	if len(l.parcels) < 2 || l.parcels[0].Batch.After > o.Position() {
		return false
	}
	b := l.batch
	b.Effects = o.due(b.Effects, o.Position())
	if o.execute(ctx, b) != nil {
		return false
	}
	o.pass(b.Through)
	return true
}

// join is one batch of parcels that follow on each other.
func join(parcels []*Parcel) effect.Batch {
	b := parcels[0].Batch
	b.Through = parcels[len(parcels)-1].Batch.Through
	n := 0
	for _, p := range parcels {
		n += len(p.Batch.Effects)
	}
	b.Effects = make([]effect.Effect, 0, n)
	for _, p := range parcels {
		b.Effects = append(b.Effects, p.Batch.Effects...)
	}
	return b
}

// joinable is how many of the parcels, from the first on, may be performed as one;
// one always may. A batch that asks something is performed by itself.
func (o *Outlet) joinable(parcels []*Parcel) (n int) {
	effects, size := 0, 0
	for i, p := range parcels {
		effects, size = effects+len(p.Batch.Effects), size+p.Size()
		fits := o.joins && effects <= maxJoined && size <= maxJoinedSize && !o.asks(p)
		if i > 0 && (!fits || p.Batch.After != parcels[i-1].Batch.Through) {
			return i
		}
		if !fits {
			return 1
		}
	}
	return len(parcels)
}

func (o *Outlet) asks(p *Parcel) bool {
	return o.querier != nil && slices.ContainsFunc(p.Batch.Effects, func(f effect.Effect) bool { return f.Kind == effect.Query })
}
