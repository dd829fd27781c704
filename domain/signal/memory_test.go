package signal

import (
	"testing"

	"pgregory.net/rapid"
)

// TestStatesKept holds Accumulate to the number of states that it promises.
func TestStatesKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.IntRange(0, 1000), 0, 200).Draw(t, "times")
		ordered := rapid.Bool().Draw(t, "ordered")
		var recorded []Occurrence[int]
		for i, at := range times {
			if ordered {
				at = i
			}
			recorded = append(recorded, Occurrence[int]{Time(at), i})
		}
		overtaken := 0
		for i, o := range recorded {
			for _, later := range recorded[i+1:] {
				if later.Time < o.Time {
					overtaken++
					break
				}
			}
		}
		h := accumulate(recorded, 0, func(n, _ int) int { return n + 1 })
		if limit := 1 + len(recorded)/stride + overtaken; len(h.marks) > limit || len(h.marks) > len(recorded)+1 {
			t.Fatalf("%d states kept of %d occurrences, %d overtaken", len(h.marks), len(recorded), overtaken)
		}
	})
}
