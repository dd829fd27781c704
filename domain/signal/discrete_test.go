package signal_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/signal"
)

func TestScanAndMergeByHand(t *testing.T) {
	e := signal.FromSlice([]signal.Occurrence[int]{{0, 1}, {1, 2}, {2, 3}})
	sums := signal.Scan(e, 0, func(sum, n int) int { return sum + n })
	mustEqual(t, "running sums", []signal.Occurrence[int]{{0, 1}, {1, 3}, {2, 6}}, sums.Occurrences())

	left := signal.FromSlice([]signal.Occurrence[string]{{1, "left"}, {2, "left"}})
	right := signal.FromSlice([]signal.Occurrence[string]{{1, "right"}, {0, "right"}})
	want := []signal.Occurrence[string]{{0, "right"}, {1, "left"}, {1, "right"}, {2, "left"}}
	mustEqual(t, "both at equal times", want, signal.Merge(left, right).Occurrences())
}

func TestOccurrencesAreSortedAndKeepTheOrderOfEqualTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := drawOccurrences(t, "drawn")
		var want []signal.Occurrence[int]
		for at := signal.Time(0); at <= lastTime; at++ {
			for _, o := range drawn {
				if o.Time == at {
					want = append(want, o)
				}
			}
		}
		e := signal.FromSlice(drawn)
		mustEqual(t, "from a slice", want, e.Occurrences())
		mustHappenLike(t, "from a sequence", e, signal.Collect(slices.Values(drawn)))
		mustHappenLike(t, "through a stream", e, signal.Collect(e.All()))
	})
}

func TestEventsAreImmutable(t *testing.T) {
	given := []signal.Occurrence[int]{{2, 2}, {1, 1}, {3, 3}}
	e := signal.FromSlice(given)
	if given[0].Value != 2 {
		t.Error("FromSlice sorted the caller's slice")
	}
	given[0].Value = 99
	got := e.Occurrences()
	got[0].Value = 99
	_ = append(signal.Take(e, 1).Occurrences(), signal.Occurrence[int]{Value: 99})
	signal.Merge(signal.Take(e, 1), e)
	mustEqual(t, "occurrences", []signal.Occurrence[int]{{1, 1}, {2, 2}, {3, 3}}, e.Occurrences())
}

func TestNilsAreRefusedAtOnce(t *testing.T) {
	var e signal.DiscreteEvent[int]
	var b signal.Behavior[int]
	var none signal.Samplable[int]
	var functions signal.Samplable[func(int) int]
	both, all := func(a, b int) int { return a + b }, func(a, b, c int) int { return a + b + c }
	for _, c := range []struct {
		name string
		call func()
	}{
		{"FromFunc", func() { signal.FromFunc[int](nil) }},
		{"Map", func() { signal.Map[int, int](b, nil) }},
		{"Map", func() { signal.Map(none, identity) }},
		{"Apply2", func() { signal.Apply2[int, int, int](b, b, nil) }},
		{"Apply2", func() { signal.Apply2(none, b, both) }},
		{"Apply2", func() { signal.Apply2(b, none, both) }},
		{"Apply3", func() { signal.Apply3[int, int, int, int](b, b, b, nil) }},
		{"Apply3", func() { signal.Apply3(none, b, b, all) }},
		{"Apply3", func() { signal.Apply3(b, none, b, all) }},
		{"Apply3", func() { signal.Apply3(b, b, none, all) }},
		{"Ap", func() { signal.Ap(functions, b) }},
		{"Ap", func() { signal.Ap(signal.Constant(identity[int]), none) }},
		{"Sample", func() { signal.Sample(none, 1) }},
		{"Collect", func() { signal.Collect[int](nil) }},
		{"MapEvents", func() { signal.MapEvents[int, int](e, nil) }},
		{"Filter", func() { signal.Filter(e, nil) }},
		{"Fold", func() { signal.Fold(e, 0, nil) }},
		{"Scan", func() { signal.Scan(e, 0, nil) }},
		{"Snapshot", func() { signal.Snapshot[int, int, int](e, b, nil) }},
		{"Snapshot", func() { signal.Snapshot(e, none, both) }},
		{"Accumulate", func() { signal.Accumulate[int, int](nil, 0, nil) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() { mustEqual(t, "panic", "signal: "+c.name+" of a nil argument", recover()) }()
			c.call()
		})
	}
}

func TestZeroValuesAreUsable(t *testing.T) {
	var b signal.Behavior[int]
	var e signal.DiscreteEvent[int]
	mustBehaveLike(t, "zero behavior", signal.Constant(0), b)
	mustEqual(t, "zero event", 0, e.Len())
	mustBehaveLike(t, "stepper without events", signal.Constant(7), signal.Stepper(7, e))
	var never signal.DiscreteEvent[signal.Behavior[int]]
	mustBehaveLike(t, "switch without events", b, signal.Switch(b, never))
}

func TestTimeOf(t *testing.T) {
	second := time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		in   time.Time
		want signal.Time
	}{
		{time.Unix(0, 0), 0},
		{time.Unix(1, 2_999_999), 1002},
		{time.Unix(0, -1), -1}, // the millisecond in which it lies, not the nearer one
		{second.In(time.FixedZone("elsewhere", 3600)), signal.Time(second.UnixMilli())},
		{time.Time{}, -62_135_596_800_000},
		{time.Unix(math.MaxInt64/1000, 0), signal.MaxTime},
		{time.Unix(math.MinInt64/1000, 0), signal.MinTime},
		{time.Unix(math.MaxInt64/1000-1, 0), signal.Time(math.MaxInt64/1000-1) * 1000},
	} {
		if got := signal.TimeOf(c.in); got != c.want {
			t.Errorf("%v: %d, want %d", c.in, got, c.want)
		}
	}
	if got := signal.TimeOf(second).UTC(); got != second {
		t.Errorf("%v, want %v", got, second)
	}
}
