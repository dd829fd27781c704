package executortest

import (
	"testing"

	"github.com/refold-dev/refold/engine"
)

// keeper is an executor that has to be one.
func keeper(t *testing.T, e engine.Executor) engine.Keeper {
	t.Helper()
	k, ok := e.(engine.Keeper)
	if !ok || !k.Keeps() {
		t.Fatalf("the executor, a %T, keeps no generations", e)
	}
	return k
}

func wantServing(t *testing.T, e engine.Executor, want uint64, active bool) {
	t.Helper()
	if got := keeper(t, e).Serving(); got != want || e.Active() != active {
		t.Errorf("generation %d serves, active: %v; want %d, %v", got, e.Active(), want, active)
	}
}

// swapped is a store whose generation 2 has replaced generation 1, each with a row that
// says which it is of.
func swapped(t *testing.T, b *bench) (old, next engine.Executor) {
	old = b.open(t, 1)
	execute(t, old, 0, 1, insert(1, "accounts", `{"id":"a","balance":1}`))
	wantServing(t, old, 1, true)
	next = b.open(t, 2)
	executeIn(t, next, 2, 0, 1, insert(1, "accounts", `{"id":"a","balance":2}`), insert(1, "entries", `{"account":"a","seq":1,"amount":2}`))
	wantServing(t, next, 1, false)
	activate(t, next)
	wantServing(t, next, 2, true)
	return old, next
}

func activate(t *testing.T, e engine.Executor) {
	t.Helper()
	if err := e.Activate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// activatedBack goes back and forth between two generations.
func activatedBack(t *testing.T, b *bench) {
	_, next := swapped(t, b)
	old := b.open(t, 1)
	wantServing(t, old, 2, false)
	b.wantPosition(t, old, 1)
	execute(t, old, 1, 3, insert(2, "accounts", `{"id":"b","balance":1}`), update(3, "accounts", "a", `{"balance":3}`))
	second := map[string]string{"a": `{"id":"a","owner":null,"balance":2}`}
	b.wantRows(t, "accounts", second)

	for range 2 {
		activate(t, old)
		b.wantRows(t, "accounts", map[string]string{"a": `{"id":"a","owner":null,"balance":3}`, "b": `{"id":"b","owner":null,"balance":1}`})
		b.wantRows(t, "entries", nil)
	}
	if b.suite.Features.Transactional {
		wantFenced(t, next.Execute(t.Context(), batch(2, 1, 2, insert(2, "accounts", `{"id":"zombie"}`))))
	}
	execute(t, old, 3, 4, remove(4, "accounts", "b"))
	b.wantRows(t, "accounts", map[string]string{"a": `{"id":"a","owner":null,"balance":3}`})

	next = b.open(t, 2)
	wantServing(t, next, 1, false)
	b.wantPosition(t, next, 1)
	activate(t, next)
	b.wantRows(t, "accounts", second)
	b.wantRows(t, "entries", map[string]string{`["a",1]`: `{"account":"a","seq":1,"amount":2}`})
	executeIn(t, next, 2, 1, 2, update(2, "accounts", "a", `{"balance":5}`))
	b.wantRows(t, "accounts", map[string]string{"a": `{"id":"a","owner":null,"balance":5}`})
}

func keptDiscarded(t *testing.T, b *bench) {
	_, next := swapped(t, b)
	old := b.open(t, 1)
	if err := old.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := map[string]string{"a": `{"id":"a","owner":null,"balance":2}`}
	b.wantRows(t, "accounts", second)
	if e, err := b.store.Open(pipeline, 1); err == nil {
		closeExecutor(t, e)
		t.Error("a generation was opened that had been replaced and discarded")
	}
	executeIn(t, next, 2, 1, 2, insert(2, "accounts", `{"id":"b","balance":2}`))
	second["b"] = `{"id":"b","owner":null,"balance":2}`
	b.wantRows(t, "accounts", second)
}

// retained leaves of four generations the active one, that which retains, and one that
// is named.
func retained(t *testing.T, b *bench) {
	_, active := swapped(t, b)
	third, fourth := b.open(t, 3), b.open(t, 4)
	executeIn(t, third, 3, 0, 7, insert(1, "accounts", `{"id":"a","balance":3}`))
	executeIn(t, fourth, 4, 0, 8, insert(1, "accounts", `{"id":"a","balance":4}`))
	if err := keeper(t, third).Retain(t.Context(), []uint64{4, 17}); err != nil {
		t.Fatal(err)
	}
	if e, err := b.store.Open(pipeline, 1); err == nil {
		closeExecutor(t, e)
		t.Error("a generation was opened that had been replaced and not been retained")
	}
	executeIn(t, active, 2, 1, 2, insert(2, "accounts", `{"id":"b","balance":2}`))
	b.wantRows(t, "accounts", map[string]string{"a": `{"id":"a","owner":null,"balance":2}`, "b": `{"id":"b","owner":null,"balance":2}`})
	executeIn(t, third, 3, 7, 9)
	b.wantPosition(t, fourth, 8)

	if err := keeper(t, active).Retain(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	again := b.open(t, 4)
	b.wantPosition(t, again, 0)
	activate(t, again)
	b.wantRows(t, "accounts", nil)
}
