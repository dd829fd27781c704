package signal_test

import (
	"fmt"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/signal"
)

// The times that are drawn are few, so that they meet, and the times at which
// behaviors are compared are all of these, those around them and the ends.
const lastTime = 8

func drawTime(t *rapid.T, label string) signal.Time {
	return signal.Time(rapid.IntRange(0, lastTime).Draw(t, label))
}

func comparedTimes() []signal.Time {
	times := []signal.Time{signal.MinTime, signal.MaxTime}
	for t := signal.Time(-1); t <= lastTime+1; t++ {
		times = append(times, t)
	}
	return times
}

// drawOccurrences draws occurrences in any order of time; values tell them
// apart.
func drawOccurrences(t *rapid.T, label string) []signal.Occurrence[int] {
	var drawn []signal.Occurrence[int]
	for i := range rapid.IntRange(0, 12).Draw(t, label) {
		value := 100*i + rapid.IntRange(0, 9).Draw(t, "value")
		drawn = append(drawn, signal.Occurrence[int]{Time: drawTime(t, "time"), Value: value})
	}
	return drawn
}

func drawEvent(t *rapid.T, label string) signal.DiscreteEvent[int] {
	return signal.FromSlice(drawOccurrences(t, label))
}

// drawBehavior draws one that is different at every time, or in steps.
func drawBehavior(t *rapid.T, label string) signal.Behavior[int] {
	if rapid.Bool().Draw(t, label+" in steps") {
		return signal.Stepper(-1, drawEvent(t, label))
	}
	factor, offset := rapid.IntRange(-3, 3).Draw(t, label+" factor"), rapid.IntRange(0, 9).Draw(t, label+" offset")
	return signal.FromFunc(func(t signal.Time) int { return factor*int(t%1000) + offset })
}

func drawBehaviors(t *rapid.T, label string) signal.DiscreteEvent[signal.Behavior[int]] {
	return signal.MapEvents(drawEvent(t, label), func(int) signal.Behavior[int] { return drawBehavior(t, "next behavior") })
}

// drawFunc draws a function; two of them do not commute.
func drawFunc(t *rapid.T, label string) func(int) int {
	factor, offset := rapid.IntRange(2, 5).Draw(t, label+" factor"), rapid.IntRange(1, 9).Draw(t, label+" offset")
	return func(n int) int { return factor*n + offset }
}

func drawPredicate(t *rapid.T, label string) func(int) bool {
	divisor := rapid.IntRange(1, 4).Draw(t, label)
	return func(n int) bool { return n%divisor == 0 }
}

// spell does not commute: it tells every order of values from every other.
func spell(so string, n int) string { return fmt.Sprint(so, " ", n) }

func pair[A, B any](a A, b B) string { return fmt.Sprint(a, "|", b) }

func mustEqual(t rapid.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func mustBehaveLike[A any](t rapid.TB, what string, want, got signal.Behavior[A]) {
	t.Helper()
	for _, at := range comparedTimes() {
		mustEqual(t, fmt.Sprintf("%s at %d", what, at), want.At(at), got.At(at))
	}
}

func mustHappenLike[A any](t rapid.TB, what string, want, got signal.DiscreteEvent[A]) {
	t.Helper()
	mustEqual(t, what, want.Occurrences(), got.Occurrences())
}
