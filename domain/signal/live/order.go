package live

import (
	"fmt"

	"github.com/refold-dev/refold/domain/signal"
)

// OrderError is an occurrence that is older than the one before it.
type OrderError struct {
	Index         int // of the older one in its stream, from 0
	Previous, Got signal.Time
}

func (e *OrderError) Error() string {
	return fmt.Sprintf("occurrence %d is of time %d, before the %d of the one ahead of it: sort the stream, or let live.Monotone raise its times",
		e.Index, e.Got, e.Previous)
}

// Ordered yields a stream as long as it is in the order of time. It ends before
// the first occurrence that is older than the one before it, stops the source
// and sets failed to an *[OrderError]. Each loop begins by setting it to nil.
// Read it when the loop is done.
func Ordered[A any](s Stream[A], failed *error) Stream[A] {
	need(s != nil && failed != nil, "Ordered")
	return func(yield func(signal.Occurrence[A]) bool) {
		*failed = nil
		index, latest := 0, signal.MinTime
		for o := range s {
			if o.Time < latest {
				*failed = &OrderError{index, latest, o.Time}
				return
			}
			if !yield(o) {
				return
			}
			index, latest = index+1, o.Time
		}
	}
}

// Monotone raises each time to the latest one before it, where it is older: the
// order of the stream counts, and what was recorded late happens when it is
// learned of.
func Monotone[A any](s Stream[A]) Stream[A] {
	need(s != nil, "Monotone")
	return func(yield func(signal.Occurrence[A]) bool) {
		latest := signal.MinTime
		for o := range s {
			latest = max(latest, o.Time)
			o.Time = latest
			if !yield(o) {
				return
			}
		}
	}
}
