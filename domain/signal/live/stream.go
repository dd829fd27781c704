package live

import (
	"iter"

	"github.com/refold-dev/refold/domain/signal"
)

// Stream yields occurrences, in the order of time unless it is said otherwise.
type Stream[A any] = iter.Seq[signal.Occurrence[A]]

// Empty yields nothing.
func Empty[A any]() Stream[A] { return func(func(signal.Occurrence[A]) bool) {} }

// Map is f of each value, at the same times.
func Map[A, B any](s Stream[A], f func(A) B) Stream[B] {
	need(s != nil && f != nil, "Map")
	return func(yield func(signal.Occurrence[B]) bool) {
		for o := range s {
			if !yield(signal.Occurrence[B]{Time: o.Time, Value: f(o.Value)}) {
				return
			}
		}
	}
}

// Filter keeps the occurrences whose values satisfy a predicate.
func Filter[A any](s Stream[A], keep func(A) bool) Stream[A] {
	need(s != nil && keep != nil, "Filter")
	return func(yield func(signal.Occurrence[A]) bool) {
		for o := range s {
			if keep(o.Value) && !yield(o) {
				return
			}
		}
	}
}

// Fold is what all values amount to, from the left, beginning with a seed. It
// returns when the stream ends.
func Fold[A, S any](s Stream[A], seed S, f func(S, A) S) S {
	need(s != nil && f != nil, "Fold")
	for o := range s {
		seed = f(seed, o.Value)
	}
	return seed
}

// Scan is what the values so far amount to, after each occurrence. The seed
// itself is not yielded. Each loop over the stream begins with the seed.
func Scan[A, S any](s Stream[A], seed S, f func(S, A) S) Stream[S] {
	need(s != nil && f != nil, "Scan")
	return func(yield func(signal.Occurrence[S]) bool) {
		state := seed
		for o := range s {
			state = f(state, o.Value)
			if !yield(signal.Occurrence[S]{Time: o.Time, Value: state}) {
				return
			}
		}
	}
}

// Take yields the first n occurrences, none if n is negative. It asks its source
// for no more than that: with an n of 0 or less, for nothing.
func Take[A any](s Stream[A], n int) Stream[A] {
	need(s != nil, "Take")
	return func(yield func(signal.Occurrence[A]) bool) {
		if n <= 0 {
			return
		}
		left := n
		for o := range s {
			left--
			if !yield(o) || left == 0 {
				return
			}
		}
	}
}

// Skip drops the first n occurrences, none if n is negative.
func Skip[A any](s Stream[A], n int) Stream[A] {
	need(s != nil, "Skip")
	return func(yield func(signal.Occurrence[A]) bool) {
		left := n
		for o := range s {
			if left > 0 {
				left--
				continue
			}
			if !yield(o) {
				return
			}
		}
	}
}

// need refuses what is nil while it is known who passed it.
func need(given bool, combinator string) {
	if !given {
		panic("live: " + combinator + " of a nil argument")
	}
}
