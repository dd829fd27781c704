package executortest

import "testing"

func fenced(t *testing.T, b *bench) {
	first := b.open(t, 1)
	execute(t, first, 0, 1, insert(1, "accounts", `{"id":"a","balance":1}`))
	second := b.open(t, 1)
	wantPosition(t, second, 1)

	err := first.Execute(t.Context(), batch(1, 1, 2, insert(2, "accounts", `{"id":"zombie"}`)))
	wantFenced(t, err)
	b.wantRows(t, "accounts", map[string]string{"a": `{"id":"a","owner":null,"balance":1}`})

	execute(t, second, 1, 2, update(2, "accounts", "a", `{"balance":2}`))
	wantFenced(t, first.Execute(t.Context(), batch(1, 1, 2)))
	wantPosition(t, second, 2)
	b.wantRows(t, "accounts", map[string]string{"a": `{"id":"a","owner":null,"balance":2}`})
}

func fencedLifecycle(t *testing.T, b *bench) {
	b.open(t, 1)
	first := b.open(t, 2)
	second := b.open(t, 2)
	wantFenced(t, first.Activate(t.Context()))
	wantFenced(t, first.Discard(t.Context()))
	if err := second.Activate(t.Context()); err != nil {
		t.Error(err)
	}
}

// replaced holds that activation fences off the generation before.
func replaced(t *testing.T, b *bench) {
	old := b.open(t, 1)
	execute(t, old, 0, 1, insert(1, "accounts", `{"id":"a","balance":1}`))
	next := b.open(t, 2)
	executeIn(t, next, 2, 0, 1, insert(1, "accounts", `{"id":"a","balance":10}`))
	if err := next.Activate(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantFenced(t, old.Execute(t.Context(), batch(1, 1, 2, insert(2, "accounts", `{"id":"zombie"}`))))
	b.wantRows(t, "accounts", map[string]string{"a": `{"id":"a","owner":null,"balance":10}`})

	if b.suite.Features.Keeps {
		return
	}
	if e, err := b.store.Open(pipeline, 1); err == nil {
		closeExecutor(t, e)
		t.Error("generation 1 was opened after generation 2 had replaced it")
	}
}
