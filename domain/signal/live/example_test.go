package live_test

import (
	"errors"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/domain/signal"
	"github.com/refold-dev/refold/domain/signal/live"
)

// every yields 0, 1, 2, … at regular times, and never ends.
func every(interval signal.Time) live.Stream[int] {
	return func(yield func(signal.Occurrence[int]) bool) {
		for n := 0; yield(signal.Occurrence[int]{Time: interval * signal.Time(n), Value: n}); n++ {
		}
	}
}

func Example() {
	fast, slow := every(10), live.Map(every(15), func(n int) int { return 100 * n }) // neither ever ends
	total := live.Scan(live.Merge(fast, slow), 0, func(sum, n int) int { return sum + n })
	for o := range live.Take(total, 5) {
		fmt.Println(o.Time, o.Value)
	}
	// Output:
	// 0 0
	// 0 0
	// 10 1
	// 15 101
	// 20 103
}

func ExampleStepper() {
	temperature := live.Stepper(0, every(10))
	readings := live.Snapshot(every(25), temperature, func(_, latest int) int { return latest })
	for o := range live.Take(readings, 3) {
		fmt.Println(o.Time, o.Value)
	}
	// Output:
	// 0 0
	// 25 2
	// 50 5
}

func ExampleOrdered() {
	arriving := slices.Values([]signal.Occurrence[string]{{Time: 10, Value: "a"}, {Time: 30, Value: "b"}, {Time: 20, Value: "c"}})
	var failed error
	for o := range live.Ordered(arriving, &failed) {
		fmt.Println(o.Time, o.Value)
	}
	var disorder *live.OrderError
	if errors.As(failed, &disorder) {
		fmt.Println("occurrence", disorder.Index, "is of", disorder.Got, "after", disorder.Previous)
	}
	for o := range live.Monotone(arriving) {
		fmt.Println(o.Time, o.Value)
	}
	// Output:
	// 10 a
	// 30 b
	// occurrence 2 is of 20 after 30
	// 10 a
	// 30 b
	// 30 c
}
