package compute_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/signal"
	"github.com/refold-dev/refold/domain/signal/live"
)

// foldUntil is what ResourceBehavior is defined by.
func foldUntil(t signal.Time, events []compute.Event) compute.State {
	var until []compute.Event
	for _, e := range events {
		if signal.TimeOf(e.Time) <= t {
			until = append(until, e)
		}
	}
	return compute.Fold(resourceID, until...)
}

// TestResourceBehaviorIsTheFoldOfWhatIsNotAfter: the times of the events that
// are drawn go back as often as not.
func TestResourceBehaviorIsTheFoldOfWhatIsNotAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t, "events")
		b := compute.ResourceBehavior(resourceID, events...)
		mustEqual(t, "at the end", compute.Fold(resourceID, events...), b.At(signal.MaxTime))
		mustEqual(t, "before the first", compute.Empty(resourceID), b.At(-1))
		for _, e := range events {
			at := signal.TimeOf(e.Time)
			mustEqual(t, fmt.Sprint("at ", e.Time), foldUntil(at, events), b.At(at))
			mustEqual(t, fmt.Sprint("just before ", e.Time), foldUntil(at-1, events), b.At(at-1))
		}
	})
}

func TestLiveResourceIsItsBehavior(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t, "events")
		var recorded []signal.Occurrence[compute.Event]
		for i, e := range events {
			e.Time = at(i / 2) // in order, two at a time
			events[i] = e
			recorded = append(recorded, signal.Occurrence[compute.Event]{Time: signal.TimeOf(e.Time), Value: e})
		}
		history := signal.FromSlice(recorded)
		states := live.Scan(history.All(), compute.Empty(resourceID), compute.State.Apply)
		sampled := live.Snapshot(history.All(), live.Stepper(compute.Empty(resourceID), states),
			func(_ compute.Event, s compute.State) compute.State { return s })
		b := compute.ResourceBehavior(resourceID, events...)
		for o := range sampled {
			mustEqual(t, "live", b.At(o.Time), o.Value)
		}
	})
}

func TestResourceBehaviorIgnoresForeignEvents(t *testing.T) {
	foreign := compute.Event{Header: header(2), Payload: compute.AssetTagAssigned{AssetTag: "B-1"}}
	foreign.AggregateID = numbered(0xb0)
	own := compute.Event{Header: header(1), Payload: compute.AssetTagAssigned{AssetTag: "A-1"}}
	b := compute.ResourceBehavior(resourceID, own, foreign)
	if diff := cmp.Diff(compute.Fold(resourceID, own), b.At(signal.MaxTime), exact); diff != "" {
		t.Error(diff)
	}
}

// longHistory is 10,000 events, one each second; or such that each hundredth was
// recorded 50 events late.
func longHistory(late bool) []compute.Event {
	statuses := []compute.Status{compute.Active, compute.Maintenance}
	events := make([]compute.Event, 10_000)
	for i := range events {
		h := header(i)
		h.Time = at(i)
		if late && i%100 == 99 {
			h.Time = at(i - 50)
		}
		events[i] = compute.Event{Header: h, Payload: compute.StatusChanged{ToStatus: statuses[i%2]}}
		if i%10 == 0 {
			events[i].Payload = compute.MetadataUpdated{Key: fmt.Sprint("k", i%70), Value: fmt.Sprint(i)}
		}
	}
	return events
}

// BenchmarkResourceBehavior compares a sample of a history of 10,000 events with
// the fold of the events up to the sample's time; times are spread over all of
// it.
func BenchmarkResourceBehavior(b *testing.B) {
	for _, late := range []int{0, 1} {
		name, events := fmt.Sprintf("%d%% late", late), longHistory(late > 0)
		sampled := func(i int) signal.Time { return signal.TimeOf(at(i * 7919 % len(events))) }
		b.Run(name+"/make", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				compute.ResourceBehavior(resourceID, events...)
			}
		})
		b.Run(name+"/sample", func(b *testing.B) {
			b.ReportAllocs()
			behavior := compute.ResourceBehavior(resourceID, events...)
			for i := 0; b.Loop(); i++ {
				behavior.At(sampled(i))
			}
		})
		b.Run(name+"/refold", func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				until := sampled(i)
				s := compute.Empty(resourceID)
				for _, e := range events {
					if signal.TimeOf(e.Time) <= until {
						s = s.Apply(e)
					}
				}
			}
		})
	}
}
