package executortest

import "testing"

// Events that had to wait have effects behind which the position is already: they
// are performed all the same, in order, as often as they come, and move nothing.
func late(t *testing.T, b *bench) {
	e := b.open(t, 1)
	execute(t, e, 0, 9, insert(8, "accounts", `{"id":"b","balance":8}`))
	waited := batch(1, 9, 9,
		insert(2, "accounts", `{"id":"a","balance":2}`),
		update(4, "accounts", "a", `{"owner":"x"}`),
		insert(5, "accounts", `{"id":"gone"}`),
		remove(6, "accounts", "gone"),
	)
	waited.Late = true
	want := map[string]string{
		"a": `{"id":"a","owner":"x","balance":2}`,
		"b": `{"id":"b","owner":null,"balance":8}`,
	}
	for range 2 {
		if err := e.Execute(t.Context(), waited); err != nil {
			t.Fatal(err)
		}
		b.wantPosition(t, e, 9)
		b.wantRows(t, "accounts", want)
	}
	execute(t, e, 9, 10, insert(10, "accounts", `{"id":"b","balance":10}`))
	want["b"] = `{"id":"b","owner":null,"balance":10}`
	b.wantRows(t, "accounts", want)
}
