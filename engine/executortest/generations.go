package executortest

import "testing"

func activated(t *testing.T, b *bench) {
	old := b.open(t, 1)
	execute(t, old, 0, 1, insert(1, "accounts", `{"id":"old","balance":1}`))
	b.wantRows(t, "accounts", map[string]string{"old": `{"id":"old","owner":null,"balance":1}`})

	next := b.open(t, 2)
	executeIn(t, next, 2, 0, 1,
		insert(1, "accounts", `{"id":"new","balance":1}`),
		insert(1, "entries", `{"account":"new","seq":1,"amount":1}`))
	execute(t, old, 1, 2, update(2, "accounts", "old", `{"balance":2}`))
	b.wantRows(t, "accounts", map[string]string{"old": `{"id":"old","owner":null,"balance":2}`})
	b.wantRows(t, "entries", nil)

	if !old.Active() || next.Active() {
		t.Errorf("before the activation, old and next are active: %v, %v, want true, false", old.Active(), next.Active())
	}
	for range 2 {
		if err := next.Activate(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.wantRows(t, "accounts", map[string]string{"new": `{"id":"new","owner":null,"balance":1}`})
		b.wantRows(t, "entries", map[string]string{`["new",1]`: `{"account":"new","seq":1,"amount":1}`})
	}
	executeIn(t, next, 2, 1, 2, update(2, "accounts", "new", `{"balance":2}`), remove(2, "entries", `["new",1]`))
	b.wantRows(t, "accounts", map[string]string{"new": `{"id":"new","owner":null,"balance":2}`})
	b.wantRows(t, "entries", nil)

	closeExecutor(t, next)
	again := b.open(t, 2)
	b.wantPosition(t, again, 2)
	if !again.Active() {
		t.Error("the activated generation, opened again, is not active")
	}
}

func discarded(t *testing.T, b *bench) {
	old := b.open(t, 1)
	execute(t, old, 0, 1, insert(1, "accounts", `{"id":"old","balance":1}`))
	next := b.open(t, 2)
	executeIn(t, next, 2, 0, 5, insert(1, "accounts", `{"id":"new","balance":1}`))
	if err := next.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	closeExecutor(t, next)
	b.wantRows(t, "accounts", map[string]string{"old": `{"id":"old","owner":null,"balance":1}`})

	again := b.open(t, 2)
	b.wantPosition(t, again, 0)
	executeIn(t, again, 2, 0, 1)
	if err := again.Activate(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wantRows(t, "accounts", nil)
}

func activeKept(t *testing.T, b *bench) {
	e := b.open(t, 1)
	execute(t, e, 0, 1, insert(1, "accounts", `{"id":"a","balance":1}`))
	if err := e.Discard(t.Context()); err == nil {
		t.Error("the active generation was discarded")
	}
	b.wantRows(t, "accounts", map[string]string{"a": `{"id":"a","owner":null,"balance":1}`})
	execute(t, e, 1, 2, remove(2, "accounts", "a"))
	b.wantRows(t, "accounts", nil)
}

func buildReopened(t *testing.T, b *bench) {
	b.open(t, 1)
	e := b.open(t, 2)
	executeIn(t, e, 2, 0, 3, insert(1, "accounts", `{"id":"a","balance":1}`))
	closeExecutor(t, e)

	e = b.open(t, 2)
	wantPosition(t, e, 3)
	b.wantRows(t, "accounts", nil)
	executeIn(t, e, 2, 3, 4, update(4, "accounts", "a", `{"balance":4}`))
	if err := e.Activate(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wantRows(t, "accounts", map[string]string{"a": `{"id":"a","owner":null,"balance":4}`})
}
