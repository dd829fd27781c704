package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// counted is a diary that counts the batches it is given.
type counted struct {
	*diary
	batches int
}

func (c *counted) Execute(ctx context.Context, b effect.Batch) error {
	c.batches++
	return c.diary.Execute(ctx, b)
}

// delivered is what becomes of batches that all lie ready before the outlet takes
// the first.
func delivered(ctx context.Context, o *Outlet, batches []effect.Batch) error {
	d := &Dispatch{progress: make(chan struct{}, 1), failed: make(chan struct{}), queues: []*inbox{newInbox()}}
	var last *Parcel
	for _, b := range batches {
		last = &Parcel{}
		last.Fill(b)
		d.Send(last)
	}
	ctx, d.cancel = context.WithCancel(ctx)
	defer d.Stop()
	d.workers.Go(func() { d.work(ctx, ctx, o, d.queues[0]) })
	for !last.Done() {
		select {
		case <-d.Progress():
		case <-d.Failed():
			return d.Err()
		}
	}
	return nil
}

// Invariant 5: whatever fails, and however often, an outlet that joins what lies
// ready ends as one that does not.
func TestJoinedAsOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var batches []effect.Batch
		after := event.Position(0)
		for range rapid.IntRange(1, 6).Draw(t, "batches") {
			b := numbered(after, rapid.SliceOfN(rapid.IntRange(0, 3), 1, 6).Draw(t, "effects")...)
			batches, after = append(batches, b), b.Through
		}
		fates := map[place]string{}
		for _, p := range placesOf(batches...) {
			fates[p] = rapid.SampledFrom([]string{"", "", "", "", "poison", "fatal", "passes", "stays"}).Draw(t, "fate")
		}
		policy := Policy{Retry: Retry{Attempts: 30, First: 1, Longest: 1}, DeadLetters: rapid.Bool().Draw(t, "leaves out"), Suppress: rapid.Bool().Draw(t, "suppresses")}
		at := event.Position(rapid.IntRange(0, int(after)).Draw(t, "at"))
		suppressed := event.Position(rapid.IntRange(0, int(after)).Draw(t, "suppressed"))
		run := func(joins bool) (performed []place, left []place, position event.Position, outcome string) {
			d := &diary{transactional: true, at: at}
			failed := map[place]bool{}
			d.fail = func(f effect.Effect) error {
				p := placeOf(f)
				switch fates[p] {
				case "poison":
					return &effect.PoisonError{Cause: f.Cause, Ordinal: f.Ordinal, Err: errDown}
				case "fatal":
					return errDown
				case "passes":
					if !failed[p] {
						failed[p] = true
						return &effect.RetryError{Err: errDown}
					}
				case "stays":
					return &effect.RetryError{Err: errDown}
				}
				return nil
			}
			o := open(d, policy, at)
			o.SuppressThrough(suppressed, nil)
			if joins {
				o.JoinBatches()
			}
			err := delivered(t.Context(), o, batches)
			var e *Error
			if errors.As(err, &e) {
				outcome = fmt.Sprint(e.Through, errors.Unwrap(e.Err))
			}
			for _, l := range o.Letters() {
				left = append(left, placeOf(l.Effect))
			}
			return d.performed, left, max(o.Position(), d.at), outcome
		}
		performed, left, position, outcome := run(true)
		wantPerformed, wantLeft, wantPosition, wantOutcome := run(false)
		if diff := cmp.Diff(wantPerformed, performed); diff != "" {
			t.Errorf("performed (-one by one +joined):\n%s", diff)
		}
		if !slices.Equal(left, wantLeft) || position != wantPosition || outcome != wantOutcome {
			t.Errorf("left out %v at %d, %q; one by one %v at %d, %q", left, position, outcome, wantLeft, wantPosition, wantOutcome)
		}
	})
}

// What lies ready is one batch, as far as it has no hole, asks nothing, and is not
// too large; and only of an executor that asks for it.
func TestWhatIsJoined(t *testing.T) {
	small := func() (list []effect.Batch) {
		for i := range event.Position(10) {
			list = append(list, numbered(2*i, 1, 1))
		}
		return list
	}
	asking := small()
	asking[4] = questions(asking[4], func(place) bool { return true })
	large := []effect.Batch{numbered(0, 1, 1), numbered(2, maxJoined), numbered(3, 1), numbered(4, 1)}
	heavy := []effect.Batch{numbered(0, 1), numbered(1, 1), numbered(2, 1)}
	heavy[1].Effects[0].Body = make([]byte, maxJoinedSize)
	for _, c := range []struct {
		name    string
		batches []effect.Batch
		joins   bool
		want    int
	}{
		{"small", small(), true, 1},
		{"not asked for", small(), false, 10},
		{"questions in between", asking, true, 4},
		{"as many as there may be", large[:2], true, 2},
		{"a large one in between", large, true, 3},
		{"a heavy one in between", heavy, true, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &counted{diary: &diary{transactional: true}}
			o := NewOutlet("diary", d, Policy{}, 0, nil)
			l := &library{diary: d.diary, kept: map[uuid.UUID]string{}, fail: func(string, effect.Effect) error { return nil }}
			o.AnswerWith(l, l)
			if c.joins {
				o.JoinBatches()
			}
			if err := delivered(t.Context(), o, c.batches); err != nil {
				t.Fatal(err)
			}
			if d.batches != c.want || o.Position() != c.batches[len(c.batches)-1].Through {
				t.Errorf("%d batches, and at %d; want %d", d.batches, o.Position(), c.want)
			}
		})
	}
}

// An executor stops right before an event that it condemns: what the events before
// it in the batch ask for is performed, once.
func TestStopsRightBeforeThePoison(t *testing.T) {
	for _, transactional := range []bool{true, false} {
		d := &diary{transactional: transactional}
		d.fail = func(f effect.Effect) error {
			if f.Cause == 4 && f.Ordinal == 1 {
				return &effect.PoisonError{Cause: f.Cause, Ordinal: f.Ordinal, Err: errDown}
			}
			return nil
		}
		o := open(d, Policy{}, 0)
		err := o.Perform(t.Context(), t.Context(), numbered(0, 1, 2, 1, 2, 1))
		if cause, _, ok := Poisoned(err); !ok || cause != 4 || o.Position() != 3 {
			t.Errorf("at %d: %v", o.Position(), err)
		}
		d.fail = nil
		perform(t, o, numbered(0, 1, 2, 1, 2, 1))
		want := placesOf(numbered(0, 1, 2, 1, 2, 1))
		if !transactional { // the first effect of the event has been performed before
			want = slices.Insert(want, 4, place{4, 0})
		}
		if diff := cmp.Diff(want, d.performed); diff != "" {
			t.Errorf("transactional %v, performed (-want +got):\n%s", transactional, diff)
		}
	}
}
