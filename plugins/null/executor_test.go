package null_test

import (
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/null"
)

func TestConformance(t *testing.T) {
	executortest.Run(t, executortest.Suite{
		New: func(*testing.T) executortest.Store {
			return executortest.Store{
				Open: func(string, uint64) (engine.Executor, error) { return null.Executor{}, nil },
			}
		},
	})
}

// TestDiscardsEverything: also what nobody could perform, and without a trace in
// the batch.
func TestDiscardsEverything(t *testing.T) {
	var e null.Executor
	b := effect.Batch{Pipeline: "stock", Generation: 1, Through: 9}
	for kind := effect.Kind(0); kind < 20; kind++ {
		if !e.Handles(kind) {
			t.Errorf("%s is not handled", kind)
		}
		b.Effects = append(b.Effects, effect.Effect{Kind: kind, Cause: 9, Name: "nowhere", Body: []byte("{")})
	}
	if err := e.Execute(t.Context(), b); err != nil {
		t.Error(err)
	}
	if n := testing.AllocsPerRun(10, func() { _ = e.Execute(t.Context(), b) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
