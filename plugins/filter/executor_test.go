package filter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/collect"
	"github.com/refold-dev/refold/plugins/filter"
	"github.com/refold-dev/refold/plugins/log"
	"github.com/refold-dev/refold/plugins/null"
)

func insert(cause event.Position, collection, row string) effect.Effect {
	return effect.Effect{Kind: effect.Insert, Cause: cause, Name: collection, Body: []byte(row)}
}

func line(cause event.Position, level effect.Level, text string) effect.Effect {
	return effect.Effect{Kind: effect.Log, Cause: cause, Level: level, Body: []byte(text)}
}

// batch numbers the effects of each cause.
func batch(after, through event.Position, effects ...effect.Effect) effect.Batch {
	for i := 1; i < len(effects); i++ {
		if effects[i].Cause == effects[i-1].Cause {
			effects[i].Ordinal = effects[i-1].Ordinal + 1
		}
	}
	return effect.Batch{Pipeline: "ledger", Generation: 1, After: after, Through: through, Effects: effects}
}

func bare(collected []collect.Effect) []effect.Effect {
	effects := []effect.Effect{}
	for _, f := range collected {
		effects = append(effects, f.Effect)
	}
	return effects
}

func mustExecute(t *testing.T, e filter.Wrapped, b effect.Batch) {
	t.Helper()
	if err := e.Execute(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// TestFilterAndCollect is number 30 of the portable cases.
func TestFilterAndCollect(t *testing.T) {
	collector := collect.New(collect.Options{})
	e := filter.New(collector, filter.Rule{Kinds: []effect.Kind{effect.Log}})
	mustExecute(t, e, batch(0, 1, line(1, effect.Info, "sold"), insert(1, "accounts", `{"id":"a"}`)))
	if got := collector.Effects(); len(got) != 1 || got[0].Kind != effect.Log || string(got[0].Body) != "sold" {
		t.Errorf("passed on: %+v", got)
	}
	if n := e.Dropped(); n != 1 {
		t.Errorf("%d effects dropped", n)
	}
	if taken := collector.Take(); len(taken) != 1 || len(collector.Effects()) != 0 || len(collector.Take()) != 0 {
		t.Errorf("took %+v, and there is %+v left", taken, collector.Effects())
	}
}

func TestRules(t *testing.T) {
	all := batch(0, 2,
		insert(1, "accounts", `{"id":"a"}`),
		effect.Effect{Kind: effect.Update, Cause: 1, Name: "accounts", Key: "a", Body: []byte(`{}`)},
		effect.Effect{Kind: effect.Delete, Cause: 1, Name: "entries", Key: "a"},
		line(1, effect.Debug, "0"), line(1, effect.Warn, "2"),
		line(2, effect.Level(9), "of a newer guest"),
		effect.Effect{Kind: effect.EmitEvent, Cause: 2, Name: "accounts", Body: []byte(`{}`)},
		effect.Effect{Kind: effect.EmitEvent, Cause: 2, Name: "low_stock", Body: []byte(`{}`)},
		effect.Effect{Kind: effect.Query, Cause: 2, Name: "entries"},
	).Effects
	for _, c := range []struct {
		name string
		rule filter.Rule
		want []int // of all
	}{
		{"everything", filter.Rule{}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		{"a kind", filter.Rule{Kinds: []effect.Kind{effect.Update}}, []int{1}},
		{"kinds", filter.Rule{Kinds: []effect.Kind{effect.Query, effect.Insert}}, []int{0, 8}},
		{"a level", filter.Rule{Level: effect.Warn}, []int{0, 1, 2, 4, 5, 6, 7, 8}},
		{"a kind and a level", filter.Rule{Kinds: []effect.Kind{effect.Log}, Level: effect.Error}, []int{5}},
		{"a collection", filter.Rule{Collections: []string{"accounts"}}, []int{0, 1, 3, 4, 5, 6, 7, 8}},
		{"a collection and a kind", filter.Rule{Kinds: []effect.Kind{effect.Insert, effect.Delete}, Collections: []string{"entries"}}, []int{2}},
		{"an event type", filter.Rule{Events: []string{"low_stock"}}, []int{0, 1, 2, 3, 4, 5, 7, 8}},
		{"what is not there", filter.Rule{Kinds: []effect.Kind{effect.Insert}, Collections: []string{"nowhere"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			collector := collect.New(collect.Options{})
			e := filter.New(collector, c.rule)
			given := slices.Clone(all)
			mustExecute(t, e, effect.Batch{Pipeline: "ledger", Generation: 1, Through: 2, Effects: given})
			want := []effect.Effect{}
			for _, i := range c.want {
				want = append(want, all[i])
			}
			if diff := cmp.Diff(want, bare(collector.Take())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(all, given); diff != "" {
				t.Errorf("the batch has been changed:\n%s", diff)
			}
			if n := e.Dropped(); n != uint64(len(all)-len(c.want)) {
				t.Errorf("%d effects dropped", n)
			}
		})
	}
}

// TestHandlesWhatCanArrive is invariant 4.
func TestHandlesWhatCanArrive(t *testing.T) {
	logs := filter.Rule{Kinds: []effect.Kind{effect.Log, effect.Insert}}
	some := filter.Rule{Collections: []string{"accounts"}}
	logger := log.New(slog.New(slog.DiscardHandler))
	for _, c := range []struct {
		name string
		e    *filter.Executor
		want []effect.Kind
	}{
		{"kinds before all", filter.New(null.Executor{}, logs), logs.Kinds},
		{"kinds before one", filter.New(logger, logs), []effect.Kind{effect.Log}},
		{"no kinds before one", filter.New(logger, some), []effect.Kind{effect.Log}},
		{"a filter before a filter", filter.New(filter.New(null.Executor{}, logs), filter.Rule{Kinds: []effect.Kind{effect.Insert, effect.Update}}), []effect.Kind{effect.Insert}},
	} {
		for k := effect.Kind(0); k < 20; k++ {
			if got := c.e.Handles(k); got != slices.Contains(c.want, k) {
				t.Errorf("%s: handles %s: %v", c.name, k, got)
			}
		}
	}
}

// TestDroppedCounts what the wrapped executor misses: not what it would have
// passed over itself, and not what is to be performed again.
func TestDroppedCounts(t *testing.T) {
	var out bytes.Buffer
	logs := filter.Rule{Kinds: []effect.Kind{effect.Log}, Level: effect.Warn}
	warnings := filter.New(log.New(slog.New(slog.NewTextHandler(&out, nil))), logs)
	mustExecute(t, warnings, batch(0, 1, insert(1, "accounts", `{}`), line(1, effect.Info, "a"), line(1, effect.Error, "b")))
	if n := warnings.Dropped(); n != 1 {
		t.Errorf("%d lines dropped", n)
	}

	collector := collect.New(collect.Options{Limit: 1})
	inner := filter.New(collector, filter.Rule{Level: effect.Warn})
	outer := filter.New(inner, filter.Rule{Kinds: []effect.Kind{effect.Log}})
	b := batch(0, 1, insert(1, "accounts", `{}`), line(1, effect.Info, "a"), line(1, effect.Error, "b"))
	mustExecute(t, outer, b)
	var full *collect.FullError
	if err := outer.Execute(t.Context(), b); !errors.As(err, &full) {
		t.Errorf("error %v", err)
	}
	if inner.Dropped() != 1 || outer.Dropped() != 2 {
		t.Errorf("the inner one has dropped %d, both have dropped %d", inner.Dropped(), outer.Dropped())
	}
	collector.Clear()
	mustExecute(t, outer, b)
	if n := outer.Dropped(); n != 4 {
		t.Errorf("%d effects dropped", n)
	}
}

// TestNoAllocationPerEffect: once a batch of the size has been seen.
func TestNoAllocationPerEffect(t *testing.T) {
	e := filter.New(null.Executor{}, filter.Rule{Kinds: []effect.Kind{effect.Log}, Level: effect.Warn})
	var effects []effect.Effect
	for i := range event.Position(1000) {
		effects = append(effects, line(1+i, effect.Level(i%4), "x"))
	}
	b := batch(0, 1000, effects...)
	mustExecute(t, e, b)
	if n := testing.AllocsPerRun(10, func() { _ = e.Execute(t.Context(), b) }); n > 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

// asked answers queries.
type asked struct{ null.Executor }

func (asked) CanAnswer() bool { return true }

func (asked) Query(context.Context, effect.Effect) (json.RawMessage, error) {
	return json.RawMessage(`[]`), nil
}

func TestQueriesArePassedOn(t *testing.T) {
	q := effect.Effect{Kind: effect.Query, Cause: 1, Name: "SELECT 1"}
	for _, c := range []struct {
		name    string
		wrapped filter.Wrapped
		rule    filter.Rule
		ok      bool
	}{
		{"one that answers", asked{}, filter.Rule{Level: effect.Warn}, true},
		{"a filter before one that answers", filter.New(asked{}, filter.Rule{}), filter.Rule{}, true},
		{"one that answers, and another kind", asked{}, filter.Rule{Kinds: []effect.Kind{effect.Log}}, false},
		{"one that does not answer", null.Executor{}, filter.Rule{}, false},
	} {
		f := filter.New(c.wrapped, c.rule)
		if f.CanAnswer() != c.ok {
			t.Errorf("%s: it says %v of whether it answers", c.name, f.CanAnswer())
		}
		answer, err := f.Query(t.Context(), q)
		if c.ok != (err == nil && string(answer) == "[]") || !c.ok && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: got %s, %v", c.name, answer, err)
		}
	}
}
