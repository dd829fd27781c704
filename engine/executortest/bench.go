package executortest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// pipeline is the one that most cases open executors for.
const pipeline = "ledger"

// bench is a case's store.
type bench struct {
	suite Suite
	store Store
}

func newBench(t *testing.T, s Suite) *bench {
	t.Helper()
	b := &bench{suite: s, store: s.New(t)}
	if b.store.Check != nil {
		t.Cleanup(func() { b.store.Check(t) })
	}
	return b
}

// another is a bench with a store of its own, for a part of the case.
func (b *bench) another(t *testing.T) *bench { return newBench(t, b.suite) }

// open opens an executor and closes it when the case ends.
func (b *bench) open(t *testing.T, generation uint64) engine.Executor {
	t.Helper()
	e, err := b.store.Open(pipeline, generation)
	if err != nil {
		t.Fatalf("open generation %d: %v", generation, err)
	}
	t.Cleanup(func() { closeExecutor(t, e) })
	return e
}

func closeExecutor(t *testing.T, e engine.Executor) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// wantRows compares a table with rows given as JSON by key.
func (b *bench) wantRows(t *testing.T, table string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(parsed(t, want), parsed(t, b.store.Rows(t, table))); diff != "" {
		t.Errorf("rows of %s (-want +got):\n%s", table, diff)
	}
}

func parsed(t *testing.T, rows map[string]string) map[string]any {
	t.Helper()
	all := make(map[string]any, len(rows))
	for key, text := range rows {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var row any
		if err := d.Decode(&row); err != nil {
			t.Fatalf("row %s is not JSON: %v", key, err)
		}
		all[key] = row
	}
	return all
}

func wantPosition(t *testing.T, e engine.Executor, want event.Position) {
	t.Helper()
	if got, ok := e.Position(); !ok || got != want {
		t.Errorf("position is %d, %v, want %d, true", got, ok, want)
	}
}

// wantPosition holds for transactional executors only.
func (b *bench) wantPosition(t *testing.T, e engine.Executor, want event.Position) {
	t.Helper()
	if b.suite.Features.Transactional {
		wantPosition(t, e, want)
	}
}

// execute performs a batch of generation 1 that must succeed.
func execute(t *testing.T, e engine.Executor, after, through event.Position, effects ...effect.Effect) {
	t.Helper()
	executeIn(t, e, 1, after, through, effects...)
}

func executeIn(t *testing.T, e engine.Executor, generation uint64, after, through event.Position, effects ...effect.Effect) {
	t.Helper()
	if err := e.Execute(t.Context(), batch(generation, after, through, effects...)); err != nil {
		t.Fatalf("execute the batch of %d to %d: %v", after+1, through, err)
	}
}

// batch numbers the effects of each cause.
func batch(generation uint64, after, through event.Position, effects ...effect.Effect) effect.Batch {
	numbered := make([]effect.Effect, len(effects))
	var ordinal uint32
	for i, f := range effects {
		if i > 0 && f.Cause != effects[i-1].Cause {
			ordinal = 0
		}
		f.Ordinal = ordinal
		ordinal++
		numbered[i] = f
	}
	return effect.Batch{Pipeline: pipeline, Generation: generation, After: after, Through: through, Effects: numbered}
}

func insert(cause event.Position, table, row string) effect.Effect {
	return effect.Effect{Kind: effect.Insert, Cause: cause, Name: table, Body: json.RawMessage(row)}
}

func update(cause event.Position, table, key, columns string) effect.Effect {
	return effect.Effect{Kind: effect.Update, Cause: cause, Name: table, Key: key, Body: json.RawMessage(columns)}
}

func remove(cause event.Position, table, key string) effect.Effect {
	return effect.Effect{Kind: effect.Delete, Cause: cause, Name: table, Key: key}
}

// poisoned is the effect that err condemns, if it condemns one.
func poisoned(err error) (cause event.Position, ordinal uint32, ok bool) {
	var p interface {
		error
		Poison() (event.Position, uint32)
	}
	if !errors.As(err, &p) {
		return 0, 0, false
	}
	cause, ordinal = p.Poison()
	return cause, ordinal, true
}

func wantPoison(t *testing.T, err error, cause event.Position, ordinal uint32) {
	t.Helper()
	if p, o, ok := poisoned(err); !ok || p != cause || o != ordinal {
		t.Errorf("got error %v, want one that condemns effect %d of event %d", err, ordinal, cause)
	}
}

func wantFenced(t *testing.T, err error) {
	t.Helper()
	var fenced interface {
		error
		Fenced() bool
	}
	if !errors.As(err, &fenced) || !fenced.Fenced() {
		t.Errorf("got error %v, want one that says the executor is fenced off", err)
	}
}
