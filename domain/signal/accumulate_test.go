package signal_test

import (
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/signal"
)

// drawHistory draws occurrences as they were recorded: in order, here and there
// out of order, or in no order. It is long enough for several kept states.
func drawHistory(t *rapid.T) []signal.Occurrence[int] {
	n := rapid.IntRange(0, 100).Draw(t, "n")
	disorder := rapid.SampledFrom([]int{0, 2, 20, 1000}).Draw(t, "disorder")
	history := make([]signal.Occurrence[int], n)
	for i := range history {
		back := rapid.IntRange(-disorder, disorder).Draw(t, "time off")
		history[i] = signal.Occurrence[int]{Time: signal.Time(i/2 + back), Value: i}
	}
	return history
}

// naive is the definition: the fold, as recorded, of what is not after t.
func naive(history []signal.Occurrence[int], at signal.Time) string {
	state := "empty"
	for _, o := range history {
		if o.Time <= at {
			state = spell(state, o.Value)
		}
	}
	return state
}

func TestAccumulateIsTheFoldOfWhatIsNotAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := drawHistory(t)
		b := signal.Accumulate(history, "empty", spell)
		times := []signal.Time{signal.MaxTime, signal.MinTime, -1, 0}
		for _, o := range history {
			times = append(times, o.Time-1, o.Time)
		}
		for _, at := range rapid.Permutation(times).Draw(t, "times") {
			mustEqual(t, "state", naive(history, at), b.At(at))
		}
		mustEqual(t, "at the end", naive(history, signal.MaxTime), b.At(signal.MaxTime))
		mustEqual(t, "before the first", "empty", b.At(signal.MinTime))
	})
}

func TestAccumulateOfAnOrderedHistoryIsStepperOfScan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t, "e")
		mustBehaveLike(t, "accumulate", signal.Stepper("empty", signal.Scan(e, "empty", spell)), signal.Accumulate(e.Occurrences(), "empty", spell))
	})
}

// TestAccumulateKeepsItsPromiseOfCost counts steps, which the doc comment bounds.
func TestAccumulateKeepsItsPromiseOfCost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := drawHistory(t)
		inversions, overtaken := 0, 0
		for i, o := range history {
			earlier := 0
			for _, later := range history[i+1:] {
				if later.Time < o.Time {
					earlier++
				}
			}
			inversions, overtaken = inversions+earlier, overtaken+min(earlier, 1)
		}
		steps := 0
		b := signal.Accumulate(history, 0, func(n, _ int) int { steps++; return n + 1 })
		if limit := len(history) + inversions + 15*overtaken; steps > limit {
			t.Fatalf("%d steps to build, at most %d promised", steps, limit)
		}
		for _, o := range history {
			steps = 0
			b.At(o.Time)
			if steps > 15 {
				t.Fatalf("%d steps to sample at %d", steps, o.Time)
			}
		}
	})
}

func TestAccumulateDoesNotKeepTheCallersSlice(t *testing.T) {
	history := []signal.Occurrence[int]{{1, 1}, {2, 2}}
	b := signal.Accumulate(slices.Clip(history), "empty", spell)
	history[0].Value, history[1].Time = 99, 0
	mustEqual(t, "state", "empty 1 2", b.At(2))
}

// TestBehaviorsAreSampledFromManyGoroutines is for the race detector.
func TestBehaviorsAreSampledFromManyGoroutines(t *testing.T) {
	var history []signal.Occurrence[int]
	for i := range 100 {
		history = append(history, signal.Occurrence[int]{Time: signal.Time(i ^ 5), Value: i})
	}
	b := signal.Accumulate(history, "empty", spell)
	var sampling sync.WaitGroup
	for range 4 {
		sampling.Go(func() {
			for at := range signal.Time(100) {
				if got, want := b.At(at), naive(history, at); got != want {
					t.Errorf("at %d: %s, want %s", at, got, want)
				}
			}
		})
	}
	sampling.Wait()
}
