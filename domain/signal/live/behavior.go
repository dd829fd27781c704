package live

import (
	"iter"

	"github.com/refold-dev/refold/domain/signal"
)

// Behavior is a value at every time that can be sampled forwards: to ascending
// times it yields its value at each, before it asks for the next time.
type Behavior[A any] func(times iter.Seq[signal.Time]) iter.Seq[A]

// Of samples what is known at all times.
func Of[A any](b signal.Samplable[A]) Behavior[A] {
	need(b != nil, "Of")
	return func(times iter.Seq[signal.Time]) iter.Seq[A] {
		need(times != nil, "Of")
		return func(yield func(A) bool) {
			for t := range times {
				if !yield(b.At(t)) {
					return
				}
			}
		}
	}
}

// Stepper holds the latest value: at t, that of the last occurrence with a time
// not after t, or the initial value before the first. Stepper of a [Scan] is the
// state so far.
//
// It keeps the latest value and the occurrence after it. Where it is asked for
// an earlier time than before, it answers with the value that it has.
func Stepper[A any](initial A, s Stream[A]) Behavior[A] {
	need(s != nil, "Stepper")
	return func(times iter.Seq[signal.Time]) iter.Seq[A] {
		need(times != nil, "Stepper")
		return func(yield func(A) bool) {
			ahead, latest := pull(s), initial
			defer ahead.stop()
			for t := range times {
				for ahead.has() && ahead.head.Time <= t {
					latest = ahead.take().Value
				}
				if !yield(latest) {
					return
				}
			}
		}
	}
}

// Switch behaves like one behavior after another: at t, like the latest whose
// time is not after t, or like the initial one before the first.
func Switch[A any](initial signal.Behavior[A], s Stream[signal.Behavior[A]]) Behavior[A] {
	need(s != nil, "Switch")
	current := Stepper(initial, s)
	return func(times iter.Seq[signal.Time]) iter.Seq[A] {
		need(times != nil, "Switch")
		return func(yield func(A) bool) {
			var now signal.Time
			for b := range current(noting(times, func(t signal.Time) { now = t })) {
				if !yield(b.At(now)) {
					return
				}
			}
		}
	}
}

// Snapshot pairs each occurrence with the behavior's value at its time.
func Snapshot[A, B, C any](s Stream[A], b Behavior[B], f func(A, B) C) Stream[C] {
	need(s != nil && b != nil && f != nil, "Snapshot")
	return func(yield func(signal.Occurrence[C]) bool) {
		var now signal.Occurrence[A]
		seen := noting(s, func(o signal.Occurrence[A]) { now = o })
		times := func(yield func(signal.Time) bool) {
			for o := range seen {
				if !yield(o.Time) {
					return
				}
			}
		}
		for v := range b(times) {
			if !yield(signal.Occurrence[C]{Time: now.Time, Value: f(now.Value, v)}) {
				return
			}
		}
	}
}

// noting tells of each element before it is passed on.
func noting[A any](seq iter.Seq[A], note func(A)) iter.Seq[A] {
	return func(yield func(A) bool) {
		for a := range seq {
			note(a)
			if !yield(a) {
				return
			}
		}
	}
}
