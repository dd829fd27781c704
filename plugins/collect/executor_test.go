package collect_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/collect"
)

func TestConformance(t *testing.T) {
	executortest.Run(t, executortest.Suite{
		New: func(*testing.T) executortest.Store {
			e := collect.New(collect.Options{Limit: 300})
			return executortest.Store{
				Open:   func(string, uint64) (engine.Executor, error) { return e, nil },
				Effect: func(mark string) effect.Effect { return effect.Effect{Kind: effect.Log, Body: []byte(mark)} },
				Performed: func(*testing.T) (marks []string) {
					for _, f := range e.Effects() {
						marks = append(marks, string(f.Body))
					}
					return marks
				},
				Provoke: map[executortest.Failure]func(*testing.T) executortest.Provoked{
					executortest.Fatal: func(t *testing.T) executortest.Provoked {
						if err := e.Execute(t.Context(), effect.Batch{Effects: make([]effect.Effect, 298)}); err != nil {
							t.Fatal(err)
						}
						return executortest.Provoked{}
					},
				},
			}
		},
	})
}

// lines is a batch of one event at a position, with a Log effect for each text.
func lines(at event.Position, texts ...string) effect.Batch {
	b := effect.Batch{Pipeline: "stock", Generation: 2, After: at - 1, Through: at}
	for i, text := range texts {
		b.Effects = append(b.Effects, effect.Effect{Kind: effect.Log, Cause: at, Ordinal: uint32(i), Level: effect.Info, Body: []byte(text)})
	}
	return b
}

func texts(effects []collect.Effect) string {
	var all []string
	for _, f := range effects {
		all = append(all, string(f.Body))
	}
	return strings.Join(all, " ")
}

func mustExecute(t *testing.T, e *collect.Executor, b effect.Batch) {
	t.Helper()
	if err := e.Execute(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func TestCollectsUntilItIsTaken(t *testing.T) {
	e := collect.New(collect.Options{})
	first := lines(1, "a", "b")
	mustExecute(t, e, first)
	copy(first.Effects[0].Body, "x") // the batch is valid during the call only
	mustExecute(t, e, lines(2))
	mustExecute(t, e, lines(3, "c"))
	if got := texts(e.Effects()); got != "a b c" {
		t.Errorf("collected %q", got)
	}
	if got := texts(e.Effects()[1:2]); got != "b" {
		t.Errorf("looking has changed it: %q", got)
	}
	want := collect.Effect{
		Effect:   effect.Effect{Kind: effect.Log, Cause: 1, Ordinal: 1, Level: effect.Info, Body: []byte("b")},
		Pipeline: "stock", Generation: 2,
	}
	taken := e.Take()
	if diff := cmp.Diff(want, taken[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := taken[1].ID(); got != effect.ID("stock", 2, 1, 1) {
		t.Errorf("its id is %s", got)
	}
	if len(e.Effects()) > 0 || len(e.Take()) > 0 {
		t.Error("something is left")
	}
	mustExecute(t, e, lines(4, "d"))
	if texts(taken) != "a b c" || texts(e.Effects()) != "d" {
		t.Errorf("taken %q, then collected %q", texts(taken), texts(e.Effects()))
	}
	e.Clear()
	if len(e.Effects()) > 0 {
		t.Error("something is left")
	}
}

func TestFull(t *testing.T) {
	for _, c := range []struct {
		name string
		opts collect.Options
		want collect.FullError
		text string
	}{
		{
			"of effects", collect.Options{Limit: 3}, collect.FullError{Collected: 2, Batch: 2, Unit: "effects", Limit: 3},
			"collecting 2 effects beside the 2 that are there: at most 3 are kept; take them, or raise the limit",
		}, {
			"of bytes", collect.Options{Bytes: 5}, collect.FullError{Collected: 2, Batch: 4, Unit: "bytes", Limit: 5},
			"collecting 4 bytes beside the 2 that are there: at most 5 are kept; take them, or raise the limit",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := collect.New(c.opts)
			mustExecute(t, e, lines(1, "a", "b"))
			err := e.Execute(t.Context(), lines(2, "cc", "dd"))
			var full *collect.FullError
			if !errors.As(err, &full) || *full != c.want || err.Error() != c.text {
				t.Errorf("error %v", err)
			}
			if got := texts(e.Effects()); got != "a b" {
				t.Errorf("collected %q of a batch that does not fit", got)
			}
			e.Take()
			mustExecute(t, e, lines(2, "cc", "dd"))
			if got := texts(e.Effects()); got != "cc dd" {
				t.Errorf("collected %q", got)
			}
		})
	}
}

// TestTakenWhileItCollects: each effect is taken once, in order.
func TestTakenWhileItCollects(t *testing.T) {
	e := collect.New(collect.Options{Limit: 100})
	const batches = 500
	var writer sync.WaitGroup
	writer.Go(func() {
		for at := event.Position(1); at <= batches; {
			var full *collect.FullError
			switch err := e.Execute(t.Context(), lines(at, "a", "b")); {
			case err == nil:
				at++
			case !errors.As(err, &full):
				t.Error(err)
				return
			}
		}
	})
	var taken []collect.Effect
	for len(taken) < 2*batches && !t.Failed() {
		taken = append(taken, e.Take()...)
	}
	writer.Wait()
	if len(taken) != 2*batches || !slices.IsSortedFunc(taken, func(a, b collect.Effect) int {
		return int(2*a.Cause) + int(a.Ordinal) - int(2*b.Cause) - int(b.Ordinal)
	}) {
		t.Errorf("%d effects, or out of order", len(taken))
	}
}
