package delivery

import (
	"slices"
	"sync/atomic"

	"github.com/refold-dev/refold/domain/effect"
)

// Parcel is a batch of effects on its way to the executors, in memory of its
// own. It is filled by one goroutine and, until it is Done, only read.
type Parcel struct {
	Batch effect.Batch

	bodies  []byte
	pending atomic.Int32 // executors that have not performed it
}

// Fill takes over a copy of a batch, whose bodies are the guest's memory.
func (p *Parcel) Fill(b effect.Batch) {
	p.Batch = b
	p.Batch.Effects = append(p.Batch.Effects[:0:0], b.Effects...)
	size := 0
	for i := range b.Effects {
		size += len(b.Effects[i].Body)
	}
	p.bodies = slices.Grow(p.bodies[:0], size)
	for i := range p.Batch.Effects {
		start := len(p.bodies)
		p.bodies = append(p.bodies, b.Effects[i].Body...)
		p.Batch.Effects[i].Body = p.bodies[start:len(p.bodies):len(p.bodies)]
	}
}

// Size is how much memory the parcel's effects take, in bytes, about.
func (p *Parcel) Size() int {
	const perEffect = 160
	return len(p.bodies) + perEffect*len(p.Batch.Effects)
}

// Done reports whether every executor has performed the parcel.
func (p *Parcel) Done() bool { return p.pending.Load() == 0 }
