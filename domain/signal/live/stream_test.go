package live_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/signal"
	"github.com/refold-dev/refold/domain/signal/live"
)

func TestScanAndMergeByHand(t *testing.T) {
	sums := live.Scan(slices.Values([]occurrence{on(0, 1), on(1, 2), on(2, 3)}), 0, func(sum, n int) int { return sum + n })
	mustEqual(t, "running sums", []occurrence{on(0, 1), on(1, 3), on(2, 6)}, collect(sums))
	left, right := slices.Values([]occurrence{on(1, 10), on(2, 20)}), slices.Values([]occurrence{on(0, 1), on(1, 2)})
	mustEqual(t, "both at equal times", []occurrence{on(0, 1), on(1, 10), on(1, 2), on(2, 20)}, collect(live.Merge(left, right)))
}

// ticks never ends.
func ticks(every signal.Time) live.Stream[int] {
	return func(yield func(occurrence) bool) {
		for n := 0; yield(on(every*signal.Time(n), n)); n++ {
		}
	}
}

func TestEndlessStreams(t *testing.T) {
	even := live.Filter(ticks(1), func(n int) bool { return n%2 == 0 })
	running := live.Scan(live.Skip(live.Merge(even, ticks(3)), 1), 0, func(sum, n int) int { return sum + n })
	got := collect(live.Take(running, 4))
	mustEqual(t, "merged, scanned and taken", []occurrence{on(0, 0), on(2, 2), on(3, 3), on(4, 7)}, got)

	snapshot := live.Snapshot(ticks(5), live.Stepper(-1, ticks(2)), func(_, n int) int { return n })
	mustEqual(t, "sampled", []occurrence{on(0, 0), on(5, 2), on(10, 5)}, collect(live.Take(snapshot, 3)))
}

func TestTakeAsksForNoMore(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 3} {
		s := newSource(signal.FromSlice([]occurrence{on(1, 1), on(2, 2), on(3, 3), on(4, 4)}))
		collect(live.Take(s.stream(), n))
		if s.pulled != max(n, 0) || n <= 0 && s.loops > 0 {
			t.Errorf("take %d: %d pulled in %d loops", n, s.pulled, s.loops)
		}
	}
}

// firstDisorder is the index of the first occurrence older than the one before
// it, or the length.
func firstDisorder(occurrences []occurrence) int {
	for i := 1; i < len(occurrences); i++ {
		if occurrences[i].Time < occurrences[i-1].Time {
			return i
		}
	}
	return len(occurrences)
}

func drawUnordered(t *rapid.T, label string) []occurrence {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) occurrence {
		return on(drawTime(t, "time"), rapid.IntRange(0, 99).Draw(t, "value"))
	}), 0, 10).Draw(t, label)
}

func TestOrderedEndsBeforeTheFirstDisorder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := drawUnordered(t, "drawn")
		end := firstDisorder(drawn)
		err := errors.New("of an earlier loop")
		s := &source{left: drawn}
		mustEqual(t, "what is in order", drawn[:end], collect(live.Ordered(s.stream(), &err)))
		if s.loops != s.stopped {
			t.Fatal("the source runs on")
		}
		var disorder *live.OrderError
		if end == len(drawn) {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		if !errors.As(err, &disorder) {
			t.Fatalf("error %v", err)
		}
		mustEqual(t, "error", &live.OrderError{Index: end, Previous: drawn[end-1].Time, Got: drawn[end].Time}, disorder)
	})
}

func TestMonotoneRaisesTimesOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := drawUnordered(t, "drawn")
		raised := collect(live.Monotone(slices.Values(drawn)))
		mustEqual(t, "how many", len(drawn), len(raised))
		mustEqual(t, "in order", len(raised), firstDisorder(raised))
		latest := signal.MinTime
		for i, o := range drawn {
			latest = max(latest, o.Time)
			mustEqual(t, "occurrence", on(latest, o.Value), raised[i])
		}
	})
}

// TestDisorderLosesAndRepeatsNothing: without Ordered, an unordered stream is
// merged in some order, but it is all there, each side in its own order.
func TestDisorderLosesAndRepeatsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawUnordered(t, "a"), drawUnordered(t, "b")
		for i := range b {
			b[i].Value += 1000
		}
		var left, right []occurrence
		for o := range live.Merge(slices.Values(a), slices.Values(b)) {
			if o.Value < 1000 {
				left = append(left, o)
			} else {
				right = append(right, o)
			}
		}
		mustEqual(t, "left", a, left)
		mustEqual(t, "right", b, right)
	})
}

func TestNilsAreRefusedAtOnce(t *testing.T) {
	some := live.Empty[int]()
	f, p := func(n int) int { return n }, func(int) bool { return true }
	both := func(a, b int) int { return a + b }
	for _, c := range []struct {
		name string
		call func()
	}{
		{"Map", func() { live.Map(nil, f) }},
		{"Map", func() { live.Map[int, int](some, nil) }},
		{"Filter", func() { live.Filter(nil, p) }},
		{"Filter", func() { live.Filter(some, nil) }},
		{"Fold", func() { live.Fold(nil, 0, both) }},
		{"Fold", func() { live.Fold(some, 0, nil) }},
		{"Scan", func() { live.Scan(nil, 0, both) }},
		{"Scan", func() { live.Scan(some, 0, nil) }},
		{"Take", func() { live.Take[int](nil, 1) }},
		{"Skip", func() { live.Skip[int](nil, 1) }},
		{"Merge", func() { live.Merge(nil, some) }},
		{"Merge", func() { live.Merge(some, nil) }},
		{"Stepper", func() { live.Stepper(0, nil) }},
		{"Stepper", func() { live.Stepper(0, some)(nil) }},
		{"Switch", func() { live.Switch(linear(0), nil) }},
		{"Switch", func() { live.Switch(linear(0), live.Map(some, linear))(nil) }},
		{"Of", func() { live.Of(linear(0))(nil) }},
		{"Of", func() { live.Of[int](nil) }},
		{"Snapshot", func() { live.Snapshot(nil, live.Of(linear(0)), both) }},
		{"Snapshot", func() { live.Snapshot(some, nil, both) }},
		{"Snapshot", func() { live.Snapshot[int, int, int](some, live.Of(linear(0)), nil) }},
		{"Ordered", func() { live.Ordered[int](nil, new(error)) }},
		{"Ordered", func() { live.Ordered(some, nil) }},
		{"Monotone", func() { live.Monotone[int](nil) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() { mustEqual(t, "panic", "live: "+c.name+" of a nil argument", recover()) }()
			c.call()
		})
	}
}

// BenchmarkMerge: two streams of 1,000 occurrences each.
func BenchmarkMerge(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for range live.Take(live.Merge(ticks(2), ticks(3)), 2000) {
			n++
		}
		if n != 2000 {
			b.Fatal(n)
		}
	}
}
