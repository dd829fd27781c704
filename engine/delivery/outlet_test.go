package delivery

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

var errDown = errors.New("it is down")

// place is which effect.
type place struct {
	Cause   event.Position
	Ordinal uint32
}

func placeOf(f effect.Effect) place { return place{f.Cause, f.Ordinal} }

// diary is an executor that writes down what it performs, and fails when it is
// told to.
type diary struct {
	transactional bool
	at            event.Position
	performed     []place
	fail          func(effect.Effect) error
}

func (d *diary) Handles(effect.Kind) bool { return true }

// Prepare has nothing to prepare: an outlet that joins batches is a batch ahead of it.
func (d *diary) Prepare([]effect.Effect) {}

func (d *diary) Position() (event.Position, bool) { return d.at, d.transactional }

func (d *diary) Execute(_ context.Context, b effect.Batch) error {
	written := d.performed
	for _, f := range b.Effects {
		if d.transactional && f.Cause <= d.at {
			continue
		}
		if err := d.failure(f); err != nil && d.transactional {
			return err
		} else if err != nil {
			d.performed = written
			return &effect.PartialError{Cause: f.Cause, Ordinal: f.Ordinal, Err: err}
		}
		written = append(written, placeOf(f))
	}
	d.performed, d.at = written, b.Through
	return nil
}

func (d *diary) failure(f effect.Effect) error {
	if d.fail == nil {
		return nil
	}
	return d.fail(f)
}

// quickly tries three times without much of a pause.
var quickly = Retry{Attempts: 3, First: time.Microsecond, Longest: time.Microsecond}

func open(d *diary, p Policy, at event.Position) *Outlet {
	if p.Retry.Attempts == 0 {
		p.Retry = quickly
	}
	return NewOutlet("diary", d, p, at, time.Now)
}

func perform(t *testing.T, o *Outlet, b effect.Batch) {
	t.Helper()
	if err := o.Perform(t.Context(), t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// numbered is a batch in which each event has as many effects as are given.
func numbered(after event.Position, effects ...int) effect.Batch {
	b := effect.Batch{Pipeline: "p", Generation: 1, After: after, Through: after + event.Position(len(effects))}
	for i, n := range effects {
		for ordinal := range n {
			b.Effects = append(b.Effects, effect.Effect{Kind: effect.Insert, Cause: after + event.Position(i) + 1, Ordinal: uint32(ordinal), Body: []byte(`{}`)})
		}
	}
	return b
}

func placesOf(batches ...effect.Batch) (list []place) {
	for _, b := range batches {
		for _, f := range b.Effects {
			list = append(list, placeOf(f))
		}
	}
	return list
}

// However an executor fails, each effect is performed once and in its order, but
// for those that it condemns, which are kept.
func TestFailuresDoNotShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &diary{transactional: rapid.Bool().Draw(t, "transactional")}
		poison := map[place]bool{}
		troubles := map[place]int{} // how often each still fails
		var batches []effect.Batch
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			after := event.Position(0)
			if n := len(batches); n > 0 {
				after = batches[n-1].Through
			}
			batches = append(batches, numbered(after, rapid.SliceOfN(rapid.IntRange(0, 3), 1, 6).Draw(t, "effects")...))
		}
		want := []place{}
		for _, p := range placesOf(batches...) {
			switch rapid.SampledFrom([]string{"good", "good", "poison", "late"}).Draw(t, "fate") {
			case "poison":
				poison[p] = true
				continue
			case "late":
				troubles[p] = rapid.IntRange(1, 2).Draw(t, "failures")
			}
			want = append(want, p)
		}
		d.fail = func(f effect.Effect) error {
			switch at := placeOf(f); {
			case poison[at]:
				return &effect.PoisonError{Cause: f.Cause, Ordinal: f.Ordinal, Err: errDown}
			case troubles[at] > 0:
				troubles[at]--
				return &effect.RetryError{Err: errDown}
			}
			return nil
		}
		o := open(d, Policy{DeadLetters: true, Retry: Retry{Attempts: 50, First: 1, Longest: 1}}, 0)
		told, failed := 0, 0
		o.Observe(func(a Attempt) {
			told += a.Performed
			if a.Err != nil {
				failed++
			}
			if a.Executor != "diary" || a.Batch.Pipeline != "p" || a.Err == nil && a.Performed != len(a.Batch.Effects) {
				t.Errorf("told of %+v", a)
			}
		})
		failures := len(poison)
		for _, n := range troubles {
			failures += n
		}
		for _, b := range batches {
			if err := o.Perform(context.Background(), context.Background(), b); err != nil {
				t.Fatal(err)
			}
			if o.Position() != b.Through || o.Trouble() != nil {
				t.Fatalf("at %d of %d, with trouble %+v", o.Position(), b.Through, o.Trouble())
			}
		}
		if diff := cmp.Diff(want, append([]place{}, d.performed...)); diff != "" {
			t.Errorf("performed (-want +got):\n%s", diff)
		}
		if told != len(want) || failed != failures {
			t.Errorf("told of %d effects and %d failures, of %d and %d", told, failed, len(want), failures)
		}
		left := map[place]bool{}
		for _, l := range o.Letters() {
			left[placeOf(l.Effect)] = true
		}
		if diff := cmp.Diff(poison, left); diff != "" {
			t.Errorf("left out (-want +got):\n%s", diff)
		}
	})
}

// What passes is tried again as often as the policy says, and then is an error
// that says how often.
func TestGivingUp(t *testing.T) {
	tries := 0
	d := &diary{fail: func(effect.Effect) error { tries++; return &effect.RetryError{Err: errDown} }}
	o := open(d, Policy{}, 0)
	err := o.Perform(t.Context(), t.Context(), numbered(0, 1))
	var failed *Error
	if !errors.As(err, &failed) || failed.Attempts != 3 || tries != 3 || !errors.Is(err, errDown) {
		t.Errorf("after %d tries: %v", tries, err)
	}
	if o.Position() != 0 || o.Trouble() != nil {
		t.Errorf("at %d, with trouble %+v", o.Position(), o.Trouble())
	}
}

// The pauses double, up to the longest one: so the ten attempts of the default policy take
// most of a minute, in which a database starts again.
func TestPausesDouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{fail: func(effect.Effect) error { return &effect.RetryError{Err: errDown} }}
		o := open(d, Policy{Retry: Retry{Attempts: 10, First: 100 * time.Millisecond, Longest: 30 * time.Second}}, 0)
		begun := time.Now()
		if err := o.Perform(t.Context(), t.Context(), numbered(0, 1)); !errors.Is(err, errDown) {
			t.Error(err)
		}
		const sum = 51100 * time.Millisecond // each pause is half of its share at least, and once and a half at most
		if took := time.Since(begun); took < sum/2 || took > sum*3/2 {
			t.Errorf("ten attempts took %v", took)
		}
	})
}

// What does not pass is not tried again; nor is a poison that no policy leaves out.
func TestNotTriedAgain(t *testing.T) {
	for name, failure := range map[string]error{
		"fatal":                          errDown,
		"poison":                         &effect.PoisonError{Cause: 1, Err: errDown},
		"poison of an effect it has not": &effect.PoisonError{Cause: 7, Err: errDown},
	} {
		t.Run(name, func(t *testing.T) {
			tries := 0
			d := &diary{fail: func(effect.Effect) error { tries++; return failure }}
			o := open(d, Policy{DeadLetters: name != "poison"}, 0)
			if err := o.Perform(t.Context(), t.Context(), numbered(0, 1)); !errors.Is(err, errDown) || tries != 1 {
				t.Errorf("after %d tries: %v", tries, err)
			}
			if letters := o.Letters(); letters != nil {
				t.Errorf("left out: %+v", letters)
			}
		})
	}
}

// Whoever is in a hurry waits for no pause, and says so unless the attempts are used up.
func TestHurry(t *testing.T) {
	for attempts, hurried := range map[int]bool{1: false, 2: true} {
		hurry, cancel := context.WithCancel(t.Context())
		d := &diary{fail: func(effect.Effect) error { cancel(); return &effect.RetryError{After: time.Hour, Err: errDown} }}
		o := open(d, Policy{Retry: Retry{Attempts: attempts, First: time.Hour, Longest: time.Hour}}, 0)
		var failed *Error
		if err := o.Perform(t.Context(), hurry, numbered(0, 1)); !errors.Is(err, errDown) || !errors.As(err, &failed) || failed.Hurried != hurried {
			t.Errorf("of %d attempts: %+v", attempts, err)
		}
	}
}

// The coverage ledger of an outlet: a delivery that is left out, that comes twice
// or in another order is refused, or changes nothing.
func TestCoverage(t *testing.T) {
	batches := []effect.Batch{numbered(0, 1, 2), numbered(2, 1), numbered(3, 2, 1)}
	for name, order := range map[string][]int{
		"dropped": {0, 2}, "dropped at the beginning": {1}, "reordered": {0, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := &diary{}
			o := open(d, Policy{}, 0)
			var err error
			for _, i := range order {
				if err = o.Perform(t.Context(), t.Context(), batches[i]); err != nil {
					break
				}
			}
			var hole *CoverageError
			if !errors.As(err, &hole) || hole.At != o.Position() || hole.After <= hole.At {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("repeated", func(t *testing.T) {
		for _, transactional := range []bool{false, true} {
			d := &diary{transactional: transactional}
			o := open(d, Policy{}, 0)
			for _, i := range []int{0, 0, 1, 0, 1, 2, 2} {
				perform(t, o, batches[i])
			}
			if diff := cmp.Diff(placesOf(batches...), d.performed); diff != "" {
				t.Errorf("transactional %v, performed (-want +got):\n%s", transactional, diff)
			}
		}
	})
}

// After a rewind batches are cut otherwise. What has been performed is passed over.
func TestBatchesCutOtherwise(t *testing.T) {
	d := &diary{}
	o := open(d, Policy{}, 0)
	perform(t, o, numbered(0, 2, 2))
	perform(t, o, numbered(1, 2, 2))
	if diff := cmp.Diff(placesOf(numbered(0, 2, 2, 2)), d.performed); diff != "" {
		t.Errorf("performed (-want +got):\n%s", diff)
	}
}

// A replay's effects do not come to an executor that is not to perform them, later
// ones do; late ones come to any.
func TestSuppressed(t *testing.T) {
	for _, suppress := range []bool{false, true} {
		d := &diary{}
		o := open(d, Policy{Suppress: suppress}, 0)
		if o.SuppressThrough(3, nil) != suppress {
			t.Errorf("suppress %v: the outlet says otherwise", suppress)
		}
		perform(t, o, numbered(0, 1, 1))
		perform(t, o, numbered(2, 1, 1))
		late := numbered(0, 1)
		late.After, late.Through, late.Late = 4, 4, true
		perform(t, o, late)
		want := []place{{4, 0}, {1, 0}}
		if !suppress {
			want = slices.Concat(placesOf(numbered(0, 1, 1, 1, 1)), placesOf(late))
		}
		if diff := cmp.Diff(want, d.performed); diff != "" {
			t.Errorf("suppress %v, performed (-want +got):\n%s", suppress, diff)
		}
	}
}
