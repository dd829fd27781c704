package executortest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// naive is the table accounts, kept effect by effect: each row by its id.
type naive map[string]map[string]any

func (n naive) perform(effects ...effect.Effect) {
	for _, f := range effects {
		given := make(map[string]any)
		if f.Kind != effect.Delete {
			if err := json.Unmarshal(f.Body, &given); err != nil {
				panic(err)
			}
		}
		switch f.Kind {
		case effect.Insert:
			id := given["id"].(string)
			n[id] = map[string]any{"id": id, "owner": nil, "balance": nil}
			fill(n[id], given)
		case effect.Update:
			if row, ok := n[f.Key]; ok {
				fill(row, given)
			}
		case effect.Delete:
			delete(n, f.Key)
		}
	}
}

func fill(row, given map[string]any) {
	for name, v := range given {
		row[name] = v
	}
}

// rows are the rows as Store.Rows gives them.
func (n naive) rows(t testing.TB) map[string]string {
	t.Helper()
	all := make(map[string]string, len(n))
	for id, row := range n {
		text, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		all[id] = string(text)
	}
	return all
}

// story is a fold of its own: what the event at p does to accounts.
func story(p event.Position) []effect.Effect {
	id := fmt.Sprintf("k%d", p%37)
	padding := strings.Repeat("x", int(p%11)*50)
	effects := []effect.Effect{insert(p, "accounts", fmt.Sprintf(`{"id":%q,"owner":%q,"balance":%d}`, id, padding, p))}
	switch {
	case p%5 == 0:
		effects = append(effects, remove(p, "accounts", fmt.Sprintf("k%d", p/5%37)))
	case p%3 == 0:
		effects = append(effects, update(p, "accounts", fmt.Sprintf("k%d", p/3%37), fmt.Sprintf(`{"balance":%d}`, -int64(p))))
	}
	return effects
}

// drawEffect draws an effect on one of few keys.
func drawEffect(t *rapid.T, cause event.Position) effect.Effect {
	key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
	columns := make(map[string]any)
	if rapid.Bool().Draw(t, "owner named") {
		columns["owner"] = rapid.SampledFrom([]any{nil, "Ann", "Bob"}).Draw(t, "owner")
	}
	if rapid.Bool().Draw(t, "balance named") {
		columns["balance"] = rapid.SampledFrom([]any{nil, 0, 1, 2}).Draw(t, "balance")
	}
	kind := rapid.SampledFrom([]effect.Kind{effect.Insert, effect.Update, effect.Delete}).Draw(t, "kind")
	if kind == effect.Insert {
		columns["id"] = key
	}
	body, err := json.Marshal(columns)
	if err != nil {
		t.Fatal(err)
	}
	return effect.Effect{Kind: kind, Cause: cause, Name: "accounts", Key: key, Body: body}
}

// drawBehind draws what the events in a range of positions do.
func drawBehind(t *rapid.T, after, through event.Position) (effects []effect.Effect) {
	for cause := after + 1; cause <= through; cause++ {
		for range rapid.IntRange(0, 3).Draw(t, "effects") {
			effects = append(effects, drawEffect(t, cause))
		}
	}
	return effects
}

// equalsNaive holds the folding of writes within a batch, the skipping of effects
// that have been performed, and reopening to the plain way: one effect after the
// other.
func equalsNaive(t *testing.T, b *bench) {
	rapid.Check(t, func(rt *rapid.T) {
		b := b.another(t)
		e := b.open(t, 1)
		defer func() { closeExecutor(t, e) }()
		want := make(naive)
		var log []effect.Effect
		for at := event.Position(0); at < 12; {
			through := at + event.Position(rapid.IntRange(1, 5).Draw(rt, "events"))
			drawn := drawBehind(rt, at, through)
			want.perform(drawn...)
			log = append(log, drawn...)
			back := at - event.Position(rapid.Uint64Range(0, uint64(at)).Draw(rt, "overlap"))
			if err := e.Execute(t.Context(), batch(1, back, through, causedBy(log, back, through)...)); err != nil {
				rt.Fatal(err)
			}
			at = through
			if rapid.IntRange(0, 5).Draw(rt, "reopen") == 0 {
				closeExecutor(t, e)
				e = b.open(t, 1)
			}
		}
		if diff := cmp.Diff(parsed(t, want.rows(t)), parsed(t, b.store.Rows(t, "accounts"))); diff != "" {
			rt.Fatalf("rows of accounts (-want +got):\n%s", diff)
		}
	})
}
