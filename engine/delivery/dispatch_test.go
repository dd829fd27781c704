package delivery

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/refold-dev/refold/domain/effect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A slow executor does not hold up another one, and a parcel is done when both
// have performed it.
func TestOutletsGoAtTheirOwnPace(t *testing.T) {
	passes := make(chan struct{})
	slow := &diary{fail: func(effect.Effect) error { <-passes; return nil }}
	fast := &diary{}
	fastOutlet, slowOutlet := open(fast, Policy{}, 0), open(slow, Policy{}, 0)
	d := NewDispatch(t.Context(), []*Outlet{fastOutlet, slowOutlet})
	defer d.Stop()
	parcels := []*Parcel{{}, {}, {}}
	for i, p := range parcels {
		p.Fill(numbered(parcels[max(i-1, 0)].Batch.Through, 1))
		d.Send(p)
	}
	for fastOutlet.Position() < 3 {
		<-d.Progress()
	}
	if slowOutlet.Position() != 0 || parcels[0].Done() {
		t.Errorf("the slow one is at %d", slowOutlet.Position())
	}
	close(passes)
	for !parcels[2].Done() {
		<-d.Progress()
	}
	if diff := cmp.Diff(fast.performed, slow.performed); diff != "" {
		t.Errorf("they performed different things:\n%s", diff)
	}
}

// One that gives up is told of; the others go on with what they have.
func TestOneOutletGivesUp(t *testing.T) {
	bad := &diary{fail: func(effect.Effect) error { return errDown }}
	good := &diary{}
	goodOutlet := open(good, Policy{}, 0)
	d := NewDispatch(t.Context(), []*Outlet{open(bad, Policy{}, 0), goodOutlet})
	defer d.Stop()
	for i := range 3 {
		p := &Parcel{}
		p.Fill(numbered(numbered(0, make([]int, i)...).Through, 1))
		d.Send(p)
	}
	<-d.Failed()
	if !errors.Is(d.Err(), errDown) {
		t.Error(d.Err())
	}
	for goodOutlet.Position() < 3 {
		<-d.Progress()
	}
}

// A parcel's bodies are its own: those of the batch may be written over.
func TestParcelOwnsItsBodies(t *testing.T) {
	b := numbered(0, 2, 1)
	p := &Parcel{}
	p.Fill(b)
	for i := range b.Effects {
		copy(b.Effects[i].Body, "xx")
		b.Effects[i].Cause = 99
	}
	for _, f := range p.Batch.Effects {
		if string(f.Body) != "{}" || f.Cause == 99 {
			t.Errorf("effect %+v", f)
		}
	}
	if p.Size() == 0 {
		t.Error("it has no size")
	}
}
