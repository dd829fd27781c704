package storetest

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Features is what only some implementations promise. The zero value promises
// nothing more than the contract; the cases about the rest are skipped.
type Features struct {
	// Forget returns when the store remembers of its events' ids only what it
	// will remember for ever. With it the suite checks that repeating an append
	// is safe however late.
	Forget func(t *testing.T, s eventstore.Log, ids []uuid.UUID)
	// Spoil puts something that is no event behind the log's last one, about an
	// aggregate. With it the suite checks that no reader passes over it in
	// silence.
	Spoil func(t *testing.T, s eventstore.Log, agg event.Aggregate)
}

// Run runs the suite on a store. Each case opens its own, which must be empty;
// open closes it in t.Cleanup. Verify runs before that.
func Run(t *testing.T, features Features, open func(t *testing.T) eventstore.Store) {
	RunLog(t, features, func(t *testing.T) eventstore.Log { return open(t) })
	t.Run("query", func(t *testing.T) {
		for _, c := range queryCases {
			t.Run(c.name, func(t *testing.T) {
				s := open(t)
				t.Cleanup(func() { Verify(t, s) })
				c.run(t, s)
			})
		}
	})
}

// RunLog is Run for what only a Log promises.
func RunLog(t *testing.T, features Features, open func(t *testing.T) eventstore.Log) {
	groups := []struct {
		name  string
		cases []testCase
	}{
		{"append", appendCases},
		{"repeat", repeatCases},
		{"concurrent", concurrentCases},
		{"read", readCases},
		{"follow", followCases},
		{"bulk", bulkCases},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.cases {
				t.Run(c.name, func(t *testing.T) {
					s := open(t)
					t.Cleanup(func() { Verify(t, s) })
					c.run(t, s)
				})
			}
		})
	}
	t.Run("close", func(t *testing.T) { testClose(t, open(t)) })
	t.Run("late repeat", func(t *testing.T) { testLateRepeat(t, features, open) })
	t.Run("unreadable", func(t *testing.T) { testUnreadable(t, features, open) })
	t.Run("model", func(t *testing.T) { runModel(t, open) })
}

type testCase struct {
	name string
	run  func(t *testing.T, s eventstore.Log)
}

// background is the context of calls in t.Cleanup, when t.Context is done.
func background() context.Context { return context.Background() }
