package signal_test

import (
	"fmt"

	"github.com/refold-dev/refold/domain/signal"
)

func ExampleBehavior() {
	load := signal.FromFunc(func(t signal.Time) int { return int(t) / 100 })
	limit := signal.Constant(8)
	overloaded := signal.Apply2(load, limit, func(load, limit int) bool { return load > limit })
	fmt.Println(overloaded.At(500), overloaded.At(900))
	// Output:
	// false true
}

// shifts is a type of one's own that can be sampled: who is on duty.
type shifts struct{ day, night string }

func (s shifts) At(t signal.Time) string {
	if hour := t / 3_600_000 % 24; hour >= 8 && hour < 20 {
		return s.day
	}
	return s.night
}

func ExampleSamplable() {
	onDuty := shifts{day: "Ada", night: "Zoe"}
	alarms := signal.FromSlice([]signal.Occurrence[string]{
		{Time: 9 * 3_600_000, Value: "fan"}, {Time: 23 * 3_600_000, Value: "disk"},
	})
	called := signal.Snapshot(alarms, onDuty, func(alarm, who string) string { return who + ": " + alarm })
	for o := range called.All() {
		fmt.Println(o.Value)
	}
	// Output:
	// Ada: fan
	// Zoe: disk
}

func ExampleDiscreteEvent() {
	added := signal.FromSlice([]signal.Occurrence[int]{{Time: 10, Value: 4}, {Time: 30, Value: 2}})
	removed := signal.FromSlice([]signal.Occurrence[int]{{Time: 20, Value: 1}, {Time: 30, Value: 3}})
	changes := signal.Merge(added, signal.MapEvents(removed, func(n int) int { return -n }))
	servers := signal.Scan(changes, 0, func(sum, n int) int { return sum + n })
	fmt.Println(servers.Occurrences())
	// Output:
	// [{10 4} {20 3} {30 5} {30 2}]
}

func ExampleStepper() {
	status := signal.Stepper("unknown", signal.FromSlice([]signal.Occurrence[string]{
		{Time: 10, Value: "provisioning"}, {Time: 20, Value: "active"},
	}))
	fmt.Println(status.At(9), status.At(10), status.At(19), status.At(signal.MaxTime))
	// Output:
	// unknown provisioning provisioning active
}

func ExampleSwitch() {
	primary := signal.FromFunc(func(t signal.Time) int { return int(t) })
	standby := signal.FromFunc(func(t signal.Time) int { return -int(t) })
	failover := signal.FromSlice([]signal.Occurrence[signal.Behavior[int]]{{Time: 20, Value: standby}})
	serving := signal.Switch(primary, failover)
	fmt.Println(serving.At(19), serving.At(20), serving.At(21))
	// Output:
	// 19 -20 -21
}

func ExampleSnapshot() {
	status := signal.Stepper("active", signal.FromSlice([]signal.Occurrence[string]{{Time: 20, Value: "maintenance"}}))
	alarms := signal.FromSlice([]signal.Occurrence[string]{{Time: 15, Value: "fan"}, {Time: 25, Value: "disk"}})
	inStatus := signal.Snapshot(alarms, status, func(alarm, status string) string { return alarm + " while " + status })
	fmt.Println(inStatus.Occurrences())
	// Output:
	// [{15 fan while active} {25 disk while maintenance}]
}

func ExampleAccumulate() {
	recorded := []signal.Occurrence[string]{ // the second was recorded late
		{Time: 30, Value: "active"}, {Time: 10, Value: "registered"}, {Time: 40, Value: "retired"},
	}
	history := signal.Accumulate(recorded, "", func(so, happened string) string { return so + " " + happened })
	for _, t := range []signal.Time{0, 10, 30, signal.MaxTime} {
		fmt.Printf("%q\n", history.At(t))
	}
	// Output:
	// ""
	// " registered"
	// " active registered"
	// " active registered retired"
}
