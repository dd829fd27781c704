package executortest

import (
	"testing"

	"github.com/refold-dev/refold/domain/effect"
)

func positionTold(t *testing.T, b *bench) {
	e := b.open(t, 1)
	p, ok := e.Position()
	if ok != b.suite.Features.Transactional || p != 0 {
		t.Errorf("a new executor's position is %d, %v, want 0, %v", p, ok, b.suite.Features.Transactional)
	}
}

// passedOver gives the executor an effect of each kind that it does not
// handle, with content that no executor could perform.
func passedOver(t *testing.T, b *bench) {
	e := b.open(t, 1)
	var strange []effect.Effect
	for kind := effect.Kind(1); kind < 20; kind++ {
		if !e.Handles(kind) {
			strange = append(strange, effect.Effect{Kind: kind, Cause: 1, Name: "nowhere", Key: "?", Body: []byte("{")})
		}
	}
	execute(t, e, 0, 1, strange...)
	if b.suite.Features.Transactional {
		wantPosition(t, e, 1)
	}
}

func allOrNothing(t *testing.T, b *bench) {
	e := b.open(t, 1)
	execute(t, e, 0, 2, insert(2, "accounts", `{"id":"a","balance":2}`))
	before := map[string]string{"a": `{"id":"a","owner":null,"balance":2}`}

	err := e.Execute(t.Context(), batch(1, 2, 5,
		insert(3, "accounts", `{"id":"a","balance":3}`),
		remove(3, "accounts", "a"),
		insert(4, "accounts", `["b"]`),
		insert(5, "accounts", `{"id":"c","balance":5}`),
	))
	wantPoison(t, err, 4, 0)
	wantPosition(t, e, 2)
	b.wantRows(t, "accounts", before)

	execute(t, e, 2, 3, insert(3, "accounts", `{"id":"d","balance":3}`))
	wantPosition(t, e, 3)
	before["d"] = `{"id":"d","owner":null,"balance":3}`
	b.wantRows(t, "accounts", before)
}

func repeated(t *testing.T, b *bench) {
	e := b.open(t, 1)
	first := batch(1, 0, 2, insert(1, "accounts", `{"id":"a","balance":1}`), remove(2, "accounts", "b"))
	if err := e.Execute(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	execute(t, e, 2, 4, remove(3, "accounts", "a"), insert(4, "accounts", `{"id":"b","balance":4}`))
	if err := e.Execute(t.Context(), first); err != nil {
		t.Errorf("the first batch again: %v", err)
	}
	b.wantPosition(t, e, 4)
	b.wantRows(t, "accounts", map[string]string{"b": `{"id":"b","owner":null,"balance":4}`})
}

func overlapping(t *testing.T, b *bench) {
	e := b.open(t, 1)
	execute(t, e, 0, 3, insert(1, "accounts", `{"id":"a","balance":1}`), remove(3, "accounts", "a"))
	execute(t, e, 0, 5,
		insert(1, "accounts", `{"id":"a","balance":1}`),
		insert(4, "accounts", `{"id":"b","balance":4}`),
		insert(5, "accounts", `{"id":"c","balance":5}`),
	)
	b.wantPosition(t, e, 5)
	b.wantRows(t, "accounts", map[string]string{
		"b": `{"id":"b","owner":null,"balance":4}`,
		"c": `{"id":"c","owner":null,"balance":5}`,
	})
}

func gapRefused(t *testing.T, b *bench) {
	e := b.open(t, 1)
	execute(t, e, 0, 2)
	err := e.Execute(t.Context(), batch(1, 3, 4, insert(4, "accounts", `{"id":"a"}`)))
	if err == nil {
		t.Error("a batch after position 3 was performed at position 2")
	}
	if _, _, ok := poisoned(err); ok {
		t.Errorf("got error %v, which condemns an effect for a batch that does not connect", err)
	}
	wantPosition(t, e, 2)
	b.wantRows(t, "accounts", nil)
}

func emptyBatch(t *testing.T, b *bench) {
	e := b.open(t, 1)
	execute(t, e, 0, 7)
	wantPosition(t, e, 7)
	execute(t, e, 7, 7)
	wantPosition(t, e, 7)
	closeExecutor(t, e)
	wantPosition(t, b.open(t, 1), 7)
}

func reopened(t *testing.T, b *bench) {
	e := b.open(t, 1)
	execute(t, e, 0, 3, insert(3, "accounts", `{"id":"a","balance":3}`))
	closeExecutor(t, e)

	e = b.open(t, 1)
	wantPosition(t, e, 3)
	execute(t, e, 3, 4, update(4, "accounts", "a", `{"balance":4}`))
	wantPosition(t, e, 4)
	b.wantRows(t, "accounts", map[string]string{"a": `{"id":"a","owner":null,"balance":4}`})
}

func misdirected(t *testing.T, b *bench) {
	e := b.open(t, 1)
	if err := e.Execute(t.Context(), batch(2, 0, 1)); err == nil {
		t.Error("a batch of generation 2 was performed in generation 1")
	}
	wantPosition(t, e, 0)
}
