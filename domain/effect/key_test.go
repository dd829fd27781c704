package effect_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
)

func TestRowKey(t *testing.T) {
	id, pair := []string{"id"}, []string{"account", "seq"}
	for _, c := range []struct {
		f       effect.Effect
		columns []string
		want    []string
		fault   string
	}{
		{effect.Effect{Kind: effect.Insert, Body: []byte(` {"id":"a\u00e9","n":1}`)}, id, []string{"aé"}, ""},
		{effect.Effect{Kind: effect.Insert, Body: []byte(`{"id": 1.50 }`)}, id, []string{"1.50"}, ""},
		{effect.Effect{Kind: effect.Insert, Body: []byte(`{"seq":2,"account":true}`)}, pair, []string{"true", "2"}, ""},
		{effect.Effect{Kind: effect.Update, Key: "a b", Body: []byte(`{}`)}, id, []string{"a b"}, ""},
		{effect.Effect{Kind: effect.Delete, Key: ` ["a", 2]`}, pair, []string{"a", "2"}, ""},
		{effect.Effect{Kind: effect.Delete}, id, []string{""}, ""},

		{effect.Effect{Kind: effect.Insert, Body: []byte(`{"n":1}`)}, id, nil, `its row lacks the column "id", which is part of the key`},
		{effect.Effect{Kind: effect.Insert, Body: []byte(`{"id":null}`)}, id, nil, `its column "id", which is part of the key, is null`},
		{effect.Effect{Kind: effect.Insert, Body: []byte(`{"id":[1]}`)}, id, nil, `its column "id", which is part of the key, is no single value`},
		{effect.Effect{Kind: effect.Insert, Body: []byte(`[]`)}, id, nil, "its body is not a JSON object"},
		{effect.Effect{Kind: effect.Insert, Body: []byte(`null`)}, id, nil, "its body is not a JSON object"},
		{effect.Effect{Kind: effect.Insert}, id, nil, "its body is not a JSON object"},
		{effect.Effect{Kind: effect.Update, Key: "a"}, pair, nil, "its key is not a JSON array of 2 values"},
		{effect.Effect{Kind: effect.Update, Key: `["a"]`}, pair, nil, "its key is not a JSON array of 2 values"},
		{effect.Effect{Kind: effect.Update, Key: `["a",{}]`}, pair, nil, `its key's column "seq" is no single value`},
		{effect.Effect{Kind: effect.Update, Key: "\xff"}, id, nil, "its key is not valid UTF-8"},
	} {
		got, err := effect.RowKey(&c.f, c.columns)
		fault := ""
		if err != nil {
			fault = err.Error()
		}
		if !cmp.Equal(c.want, got) || fault != c.fault {
			t.Errorf("%s %q %q: key %q, %s", c.f.Kind, c.f.Key, c.f.Body, got, fault)
		}
	}
}

// TestRowKeyIsOneForAllKinds: the key that an Update or Delete names is that of
// the row which was inserted, whatever the values.
func TestRowKeyIsOneForAllKinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.String().AsAny(), rapid.Int().AsAny(), rapid.Bool().AsAny()), 2, 4).Draw(t, "values")
		row, columns := map[string]any{}, make([]string, len(values))
		for i, v := range values {
			columns[i] = fmt.Sprint("c", i)
			row[columns[i]] = v
		}
		body, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		key, err := json.MarshalIndent(values, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		inserted, err := effect.RowKey(&effect.Effect{Kind: effect.Insert, Body: body}, columns)
		if err != nil {
			t.Fatal(err)
		}
		deleted, err := effect.RowKey(&effect.Effect{Kind: effect.Delete, Key: string(key)}, columns)
		if err != nil || !cmp.Equal(inserted, deleted) {
			t.Errorf("the row %s has the key %q, what deletes it %q, %v", body, inserted, deleted, err)
		}
	})
}

func FuzzRowKey(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":"x"}`), `["a",1]`)
	f.Add([]byte(`{"a":1,"a":2}`), `[[]]`)
	f.Fuzz(func(t *testing.T, body []byte, key string) {
		for _, columns := range [][]string{{"a"}, {"a", "b"}} {
			for _, kind := range []effect.Kind{effect.Insert, effect.Update, effect.Delete} {
				got, err := effect.RowKey(&effect.Effect{Kind: kind, Body: body, Key: key}, columns)
				if (err == nil) != (len(got) == len(columns)) {
					t.Errorf("%s: key %q, %v", kind, got, err)
				}
			}
		}
	})
}
