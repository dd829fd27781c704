package signal_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/signal"
)

func TestStepperHoldsTheLatest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, f, other := drawEvent(t, "e"), drawFunc(t, "f"), drawEvent(t, "other")
		b := signal.Stepper(-1, e)
		for _, at := range comparedTimes() {
			want := -1
			for _, o := range e.Occurrences() {
				if o.Time <= at {
					want = o.Value
				}
			}
			mustEqual(t, "latest by hand", want, b.At(at))
		}
		mustBehaveLike(t, "map", signal.Map(b, f), signal.Stepper(f(-1), signal.MapEvents(e, f)))
		mustEqual(t, "at the end, of scan", signal.Fold(e, "", spell), signal.Stepper("", signal.Scan(e, "", spell)).At(signal.MaxTime))

		merged := signal.Stepper(-1, signal.Merge(e, other))
		for _, o := range other.Occurrences() { // at equal times the right comes last
			mustEqual(t, "right of a merge", signal.Stepper(-1, other).At(o.Time), merged.At(o.Time))
		}
	})
}

func TestSwitchLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, e, f := drawBehavior(t, "b"), drawBehaviors(t, "e"), drawFunc(t, "f")
		mustBehaveLike(t, "without events", b, signal.Switch(b, signal.Empty[signal.Behavior[int]]()))

		later, at := drawBehavior(t, "later"), drawTime(t, "t0")
		once := signal.Switch(b, signal.FromSlice([]signal.Occurrence[signal.Behavior[int]]{{Time: at, Value: later}}))
		mustEqual(t, "just before", b.At(at-1), once.At(at-1))
		mustEqual(t, "right-continuous at t0", later.At(at), once.At(at))
		mustEqual(t, "just after", later.At(at+1), once.At(at+1))

		constants := signal.MapEvents(drawEvent(t, "values"), identity)
		behaviors := signal.MapEvents(constants, signal.Constant[int])
		mustBehaveLike(t, "of constants is stepper", signal.Stepper(7, constants), signal.Switch(signal.Constant(7), behaviors))

		inner := signal.MapEvents(e, func(b signal.Behavior[int]) signal.Behavior[int] { return signal.Map(b, f) })
		mustBehaveLike(t, "map", signal.Map(signal.Switch(b, e), f), signal.Switch(signal.Map(b, f), inner))

		for _, at := range comparedTimes() {
			want := b.At(at)
			for _, o := range e.Occurrences() {
				if o.Time <= at {
					want = o.Value.At(at)
				}
			}
			mustEqual(t, "by hand", want, signal.Switch(b, e).At(at))
		}
	})
}

func TestSnapshotLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, b, f := drawEvent(t, "e"), drawBehavior(t, "b"), drawFunc(t, "f")
		left := func(a, _ int) int { return a }
		mustHappenLike(t, "that ignores the behavior", e, signal.Snapshot(e, b, left))
		mapped := signal.MapEvents(e, func(a int) string { return pair(a, 7) })
		mustHappenLike(t, "of a constant", mapped, signal.Snapshot(e, signal.Constant(7), pair[int, int]))
		snapshot := signal.Snapshot(e, b, pair[int, int])
		for i, o := range e.Occurrences() {
			want := signal.Occurrence[string]{Time: o.Time, Value: pair(o.Value, b.At(o.Time))}
			mustEqual(t, "by hand", want, snapshot.Occurrences()[i])
		}
		mustHappenLike(t, "of a mapped behavior", signal.Snapshot(e, signal.Map(b, f), pair[int, int]),
			signal.Snapshot(e, b, func(a, b int) string { return pair(a, f(b)) }))
		mustHappenLike(t, "of mapped events", signal.Snapshot(signal.MapEvents(e, f), b, pair[int, int]),
			signal.Snapshot(e, b, func(a, b int) string { return pair(f(a), b) }))
	})
}

func TestSampleLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, f := drawBehavior(t, "b"), drawFunc(t, "f")
		times := rapid.SliceOf(rapid.Custom(func(t *rapid.T) signal.Time { return drawTime(t, "time") })).Draw(t, "times")
		samples := signal.Sample(b, times...)
		mustHappenLike(t, "map", signal.MapEvents(samples, f), signal.Sample(signal.Map(b, f), times...))
		mustHappenLike(t, "is a snapshot", samples, signal.Snapshot(samples, b, func(_, at int) int { return at }))
		mustEqual(t, "one for each time", len(times), samples.Len())
	})
}
