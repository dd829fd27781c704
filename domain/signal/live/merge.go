package live

import (
	"iter"

	"github.com/refold-dev/refold/domain/signal"
)

// Merge yields the occurrences of both streams in the order of time, left's
// before right's at equal times. It holds one occurrence of each, and needs to:
// which is the older is known only once both are there, or a stream has ended.
func Merge[A any](left, right Stream[A]) Stream[A] {
	need(left != nil && right != nil, "Merge")
	return func(yield func(signal.Occurrence[A]) bool) {
		ahead := pull(right)
		defer ahead.stop()
		for o := range left {
			for ahead.has() && ahead.head.Time < o.Time {
				if !yield(ahead.take()) {
					return
				}
			}
			if !yield(o) {
				return
			}
		}
		for ahead.has() {
			if !yield(ahead.take()) {
				return
			}
		}
	}
}

// lookahead is a stream with its next occurrence in view.
type lookahead[A any] struct {
	next   func() (signal.Occurrence[A], bool)
	stop   func() // must be called
	head   signal.Occurrence[A]
	loaded bool
	ended  bool
}

func pull[A any](s Stream[A]) *lookahead[A] {
	next, stop := iter.Pull(s)
	return &lookahead[A]{next: next, stop: stop}
}

// has reports whether there is a head. It pulls one if need be.
func (l *lookahead[A]) has() bool {
	if !l.loaded && !l.ended {
		l.head, l.loaded = l.next()
		l.ended = !l.loaded
	}
	return l.loaded
}

// take returns the head, which must be there, and does not pull the next one.
func (l *lookahead[A]) take() signal.Occurrence[A] {
	l.loaded = false
	return l.head
}
