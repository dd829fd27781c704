package live_test

import (
	"fmt"
	"iter"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/signal"
	"github.com/refold-dev/refold/domain/signal/live"
)

type occurrence = signal.Occurrence[int]

func on(t signal.Time, value int) occurrence { return occurrence{Time: t, Value: value} }

func drawTime(t *rapid.T, label string) signal.Time {
	return signal.Time(rapid.IntRange(0, 8).Draw(t, label))
}

// drawEvent draws occurrences at few times, so that they meet; values tell them
// apart.
func drawEvent(t *rapid.T, label string) signal.DiscreteEvent[int] {
	var drawn []occurrence
	for i := range rapid.IntRange(0, 12).Draw(t, label) {
		drawn = append(drawn, on(drawTime(t, "time"), 100*i+rapid.IntRange(0, 9).Draw(t, "value")))
	}
	return signal.FromSlice(drawn)
}

// drawTimes draws ascending times.
func drawTimes(t *rapid.T) []signal.Time {
	return slices.Sorted(slices.Values(rapid.SliceOf(rapid.Custom(func(t *rapid.T) signal.Time {
		return drawTime(t, "time") - 1
	})).Draw(t, "times")))
}

func drawFunc(t *rapid.T, label string) func(int) int {
	factor, offset := rapid.IntRange(2, 5).Draw(t, label+" factor"), rapid.IntRange(1, 9).Draw(t, label+" offset")
	return func(n int) int { return factor*n + offset }
}

func drawPredicate(t *rapid.T, label string) func(int) bool {
	divisor := rapid.IntRange(1, 4).Draw(t, label)
	return func(n int) bool { return n%divisor == 0 }
}

// linear turns a value into a behavior that is different at every time.
func linear(n int) signal.Behavior[int] {
	return signal.FromFunc(func(t signal.Time) int { return 1000*n + int(t) })
}

// spell does not commute: it tells every order of values from every other.
func spell(so string, n int) string { return fmt.Sprint(so, " ", n) }

func pair[A, B any](a A, b B) string { return fmt.Sprint(a, "|", b) }

// source is a stream that counts, and that can be consumed once only: what a
// loop has taken is gone, as it is from a queue.
type source struct {
	left    []occurrence
	pulled  int
	loops   int
	stopped int
}

func newSource(e signal.DiscreteEvent[int]) *source { return &source{left: e.Occurrences()} }

func (s *source) stream() live.Stream[int] {
	return func(yield func(occurrence) bool) {
		s.loops++
		defer func() { s.stopped++ }()
		for len(s.left) > 0 {
			next := s.left[0]
			s.left, s.pulled = s.left[1:], s.pulled+1
			if !yield(next) {
				return
			}
		}
	}
}

// collect lists what a sequence yields.
func collect[A any](seq iter.Seq[A]) []A { return slices.Collect(seq) }

func mustEqual(t rapid.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}
