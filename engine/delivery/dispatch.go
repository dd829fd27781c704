package delivery

import (
	"context"
	"sync"
)

// Dispatch has outlets at work, each in a goroutine of its own, until Stop. Its
// methods are called by one goroutine.
type Dispatch struct {
	queues   []*inbox
	progress chan struct{}
	failed   chan struct{}
	fail     sync.Once
	err      error // set before failed is closed
	hurry    context.CancelFunc
	cancel   context.CancelFunc
	workers  sync.WaitGroup
}

// NewDispatch starts outlets.
func NewDispatch(ctx context.Context, outlets []*Outlet) *Dispatch {
	ctx, cancel := context.WithCancel(ctx)
	patient, hurry := context.WithCancel(ctx)
	d := &Dispatch{
		progress: make(chan struct{}, 1),
		failed:   make(chan struct{}),
		hurry:    hurry,
		cancel:   cancel,
	}
	for _, o := range outlets {
		queue := newInbox()
		d.queues = append(d.queues, queue)
		d.workers.Go(func() { d.work(ctx, patient, o, queue) })
	}
	return d
}

func (d *Dispatch) work(ctx, patient context.Context, o *Outlet, queue *inbox) {
	for next := (*load)(nil); ; {
		now := next
		if now == nil {
			parcels, ok := queue.take(ctx, o.joinable)
			if !ok {
				return
			}
			now = newLoad(parcels)
		}
		next = o.ahead(queue)
		err := d.perform(ctx, patient, o, now)
		next.await()
		if err != nil {
			d.giveUp(err)
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// perform has an outlet perform a load: at once, or one parcel after the other.
func (d *Dispatch) perform(ctx, patient context.Context, o *Outlet, l *load) error {
	if o.joined(ctx, l) {
		d.done(l.parcels...)
		return nil
	}
	for _, p := range l.parcels {
		if err := o.Perform(ctx, patient, p.Batch); err != nil {
			return err
		}
		d.done(p)
	}
	return nil
}

// done notes that an outlet has performed parcels.
func (d *Dispatch) done(parcels ...*Parcel) {
	for _, p := range parcels {
		p.pending.Add(-1)
	}
	select {
	case d.progress <- struct{}{}:
	default: // it is known that there is some
	}
}

func (d *Dispatch) giveUp(err error) {
	d.fail.Do(func() {
		d.err = err
		close(d.failed)
	})
}

// Send hands a parcel to all outlets. It does not wait: the sender bounds how many
// are under way.
func (d *Dispatch) Send(p *Parcel) {
	p.pending.Store(int32(len(d.queues)))
	for _, queue := range d.queues {
		queue.put(p)
	}
}

// Progress receives when a parcel has been performed by an outlet.
func (d *Dispatch) Progress() <-chan struct{} { return d.progress }

// Failed is closed when an outlet has given up; Err says why.
func (d *Dispatch) Failed() <-chan struct{} { return d.failed }

// Err is why an outlet has given up, once Failed is closed.
func (d *Dispatch) Err() error { return d.err }

// Hurry has the outlets give up where they would try again.
func (d *Dispatch) Hurry() { d.hurry() }

// Stop ends the outlets' work, of which what has begun comes to its end or is cut
// short, and waits for it.
func (d *Dispatch) Stop() {
	d.cancel()
	d.workers.Wait()
}
