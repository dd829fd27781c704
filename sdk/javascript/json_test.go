package javascript_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestJSONRoundTrip holds that any JSON that comes in as a payload goes out as a
// state with the same meaning, and that a state which nothing changes stays the
// same to the byte.
func TestJSONRoundTrip(t *testing.T) {
	p := load(t, `options({ state: "keyed" });
fromAll().when({ set: (s, e) => e.data, look(s) { effects.insert("t", s) } });`)
	rapid.Check(t, func(t *rapid.T) {
		want := drawObject(t, 3)
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		p.effects = nil
		p.must(occurrence{Type: "set", Data: string(data)})
		state := p.everything()
		p.must(occurrence{Type: "look"})
		if again := p.everything(); again != state {
			t.Fatalf("a state that nothing changes was\n%s\nand is\n%s", state, again)
		}
		all := map[string]any{}
		if err := json.Unmarshal([]byte(state), &all); err != nil {
			t.Fatalf("%v in %s", err, state)
		}
		if diff := cmp.Diff(map[string]any{"00000000-0000-0000-0000-000000000000": any(want)}, all); diff != "" {
			t.Fatal(diff)
		}
		row := "1 t  " + p.states["00000000-0000-0000-0000-000000000000"]
		if len(p.effects) != 1 || p.effects[0] != row {
			t.Fatalf("the row is\n%s\nwant\n%s", p.effects, row)
		}
	})
}

func drawObject(t *rapid.T, depth int) map[string]any {
	object := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		object[rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"1", "0", "length", "constructor", "__proto__", "toJSON", ""})).Draw(t, "name")] = drawValue(t, depth)
	}
	return object
}

func drawValue(t *rapid.T, depth int) any {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind %= 4
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return rapid.String().Draw(t, "string")
	case 3:
		n := rapid.OneOf(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64), rapid.Map(rapid.Int32(), func(n int32) float64 { return float64(n) })).Draw(t, "number")
		return n + 0 // never -0, which is another text in a row
	case 4:
		list := []any{}
		for range rapid.IntRange(0, 4).Draw(t, "items") {
			list = append(list, drawValue(t, depth-1))
		}
		return list
	}
	return drawObject(t, depth-1)
}
