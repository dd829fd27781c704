package executortest

import (
	"fmt"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

func inOrder(t *testing.T, b *bench) {
	e := b.open(t, 1)
	execute(t, e, 0, 5,
		insert(1, "accounts", `{"id":"a","owner":"Ann","balance":1}`),
		insert(1, "accounts", `{"id":"b","owner":"Bob","balance":1}`),
		update(2, "accounts", "a", `{"balance":9223372036854775807}`),
		insert(2, "accounts", `{"id":"b","balance":2}`),
		insert(3, "accounts", `{"id":"c","owner":"Cay","balance":3}`),
		remove(3, "accounts", "c"),
		update(4, "accounts", "c", `{"balance":4}`),
		remove(4, "accounts", "d"),
		insert(4, "accounts", `{"id":"d","owner":"Dan"}`),
		update(5, "accounts", "d", `{"owner":null,"balance":-5}`),
	)
	want := map[string]string{
		"a": `{"id":"a","owner":"Ann","balance":9223372036854775807}`,
		"b": `{"id":"b","owner":null,"balance":2}`,
		"d": `{"id":"d","owner":null,"balance":-5}`,
	}
	b.wantRows(t, "accounts", want)
	execute(t, e, 5, 6, update(6, "accounts", "nobody", `{"balance":1}`), remove(6, "accounts", "a"))
	delete(want, "a")
	b.wantRows(t, "accounts", want)
}

func compositeKeys(t *testing.T, b *bench) {
	e := b.open(t, 1)
	execute(t, e, 0, 2,
		insert(1, "entries", `{"account":"a","seq":1,"amount":10}`),
		insert(1, "entries", `{"account":"a","seq":2,"amount":20}`),
		insert(1, "entries", `{"account":"b","seq":1,"amount":30}`),
		update(2, "entries", `["a",2]`, `{"amount":21}`),
		remove(2, "entries", `["b", 1]`),
	)
	b.wantRows(t, "entries", map[string]string{
		`["a",1]`: `{"account":"a","seq":1,"amount":10}`,
		`["a",2]`: `{"account":"a","seq":2,"amount":21}`,
	})
}

// badEffects are such that no row of accounts can be made of them.
func badEffects() map[string]effect.Effect {
	return map[string]effect.Effect{
		"undeclared table":    insert(2, "nowhere", `{"id":"x"}`),
		"undeclared column":   insert(2, "accounts", `{"id":"x","colour":"red"}`),
		"key missing":         insert(2, "accounts", `{"owner":"Xi"}`),
		"key null":            insert(2, "accounts", `{"id":null}`),
		"wrong type":          insert(2, "accounts", `{"id":"x","balance":"many"}`),
		"fraction":            insert(2, "accounts", `{"id":"x","balance":1.5}`),
		"out of 64 bits":      insert(2, "accounts", `{"id":"x","balance":9223372036854775808}`),
		"not an object":       insert(2, "accounts", `["x"]`),
		"not JSON":            insert(2, "accounts", `{"id":"x"`),
		"column named twice":  insert(2, "accounts", `{"id":"x","balance":1,"balance":2}`),
		"update changes key":  update(2, "accounts", "a", `{"id":"x"}`),
		"update of wrong":     update(2, "accounts", "a", `{"balance":true}`),
		"key of wrong length": remove(2, "entries", `["a"]`),
		"key of wrong type":   remove(2, "entries", `["a","one"]`),
		"key not an array":    remove(2, "entries", `a`),
	}
}

func poison(t *testing.T, b *bench) {
	e := b.open(t, 1)
	execute(t, e, 0, 1)
	for name, bad := range badEffects() {
		t.Run(name, func(t *testing.T) {
			good := insert(2, "accounts", `{"id":"good"}`)
			err := e.Execute(t.Context(), batch(1, 1, 3, good, bad, insert(3, "accounts", `[]`)))
			wantPoison(t, err, 2, 1)
		})
	}
}

// anyBatching splits the same effects differently: the rows are the same.
func anyBatching(t *testing.T, b *bench) {
	effects := []effect.Effect{
		insert(1, "accounts", `{"id":"a","balance":1}`),
		update(2, "accounts", "a", `{"owner":"Ann"}`),
		remove(3, "accounts", "a"),
		update(4, "accounts", "a", `{"balance":4}`),
		insert(5, "accounts", `{"id":"a","balance":5}`),
		insert(5, "accounts", `{"id":"b","balance":5}`),
		update(6, "accounts", "b", `{"balance":6}`),
		update(7, "accounts", "b", `{"owner":"Bob"}`),
		insert(8, "accounts", `{"id":"b","owner":"Ben"}`),
	}
	for size := event.Position(1); size <= 8; size++ {
		t.Run(fmt.Sprintf("by %d", size), func(t *testing.T) {
			b := b.another(t)
			e := b.open(t, 1)
			for after := event.Position(0); after < 8; after += size {
				through := min(after+size, 8)
				execute(t, e, after, through, causedBy(effects, after, through)...)
			}
			b.wantRows(t, "accounts", map[string]string{
				"a": `{"id":"a","owner":null,"balance":5}`,
				"b": `{"id":"b","owner":"Ben","balance":null}`,
			})
		})
	}
}

func causedBy(effects []effect.Effect, after, through event.Position) []effect.Effect {
	var part []effect.Effect
	for _, f := range effects {
		if f.Cause > after && f.Cause <= through {
			part = append(part, f)
		}
	}
	return part
}
