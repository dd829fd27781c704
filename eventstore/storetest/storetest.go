package storetest

import (
	"context"
	"testing"

	"github.com/refold-dev/refold/eventstore"
)

// Run runs the suite. Each case opens its own store, which must be empty;
// open closes it in t.Cleanup. Verify runs before that.
func Run(t *testing.T, open func(t *testing.T) eventstore.Store) {
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
	t.Run("model", func(t *testing.T) { runModel(t, open) })
}

type testCase struct {
	name string
	run  func(t *testing.T, s eventstore.Store)
}

// background is the context of calls in t.Cleanup, when t.Context is done.
func background() context.Context { return context.Background() }
