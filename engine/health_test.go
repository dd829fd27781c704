package engine_test

import (
	"strings"
	"testing"

	"github.com/refold-dev/refold/engine"
)

func TestProblem(t *testing.T) {
	for _, c := range []struct {
		name string
		s    engine.Status
		want string
	}{
		{"new", engine.Status{State: engine.Declared}, ""},
		{"live", engine.Status{State: engine.Live, Position: 10, Head: 12, Lag: 2, Delivered: 4, Filtered: 3, Parked: 2, DeadLettered: 1,
			Executors: []engine.ExecutorStatus{{Name: "sqlite", Position: 10}, {Name: "log", Position: 11}}}, ""},
		{"paused", engine.Status{State: engine.Paused, Error: "from before"}, ""},
		{"a hole", engine.Status{State: engine.Live, Position: 10, Delivered: 4, Filtered: 3, Parked: 2},
			"its coverage ledger does not add up at position 10: 4 delivered + 3 filtered + 2 parked + 0 dead-lettered = 9"},
		{"a repetition", engine.Status{State: engine.Live, Position: 1, Delivered: 2}, "its coverage ledger does not add up at position 1: 2 delivered"},
		{"an executor behind", engine.Status{State: engine.Live, Position: 10, Delivered: 10, Executors: []engine.ExecutorStatus{{Name: "sqlite", Position: 9}}},
			"its executor sqlite has performed the effects up to position 9, but the read model includes the events up to 10"},
		{"faulted", engine.Status{State: engine.Faulted, Error: "the disk is full"}, "the disk is full"},
	} {
		if got := c.s.Problem(); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
