package signal

import (
	"cmp"
	"iter"
	"slices"
	"sort"
)

// Occurrence is a value that happens at a time.
type Occurrence[A any] struct {
	Time  Time
	Value A
}

// DiscreteEvent is a finite list of occurrences in the order of time. Its zero
// value has none.
type DiscreteEvent[A any] struct {
	occurrences []Occurrence[A] // never written to
}

// FromSlice sorts occurrences by time; those of equal times keep their order.
// The slice is copied.
func FromSlice[A any](occurrences []Occurrence[A]) DiscreteEvent[A] {
	return sorted(slices.Clone(occurrences))
}

// Collect is FromSlice of all that a sequence yields. It must end.
func Collect[A any](seq iter.Seq[Occurrence[A]]) DiscreteEvent[A] {
	need(seq != nil, "Collect")
	return sorted(slices.Collect(seq))
}

// Empty has no occurrences, like the zero value.
func Empty[A any]() DiscreteEvent[A] { return DiscreteEvent[A]{} }

// sorted takes the slice over.
func sorted[A any](occurrences []Occurrence[A]) DiscreteEvent[A] {
	slices.SortStableFunc(occurrences, func(a, b Occurrence[A]) int { return cmp.Compare(a.Time, b.Time) })
	return DiscreteEvent[A]{occurrences}
}

// Len counts the occurrences.
func (e DiscreteEvent[A]) Len() int { return len(e.occurrences) }

// Occurrences lists the occurrences in order. The slice is the caller's.
func (e DiscreteEvent[A]) Occurrences() []Occurrence[A] { return slices.Clone(e.occurrences) }

// All yields the occurrences in order: the event as a stream.
func (e DiscreteEvent[A]) All() iter.Seq[Occurrence[A]] { return slices.Values(e.occurrences) }

// until counts the occurrences with a time not after t, in O(log n).
func (e DiscreteEvent[A]) until(t Time) int {
	return sort.Search(len(e.occurrences), func(i int) bool { return e.occurrences[i].Time > t })
}
