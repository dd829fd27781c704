package control

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// FuzzAsk: what is asked by NATS is what the verb takes and nothing else, or an error of
// who asks.
func FuzzAsk(f *testing.F) {
	for _, text := range []string{
		``, `{}`, `null`, `[]`, `7`, `{"pipe`, `{"pipeline":"p"}`, `{"pipeline":"p"}{}`, `{"pipeline":7}`, `{"pipeline":"p","rate":1e300}`, `{"pipeline":"p","rate":-1}`,
		`{"id":"01900000-0000-7000-8000-000000000001"}`, `{"id":"x"}`, `{"id":"","all":true}`, `{"pipeline":"p","at":1,"time":"2026-01-01T00:00:00Z"}`,
		`{"pipeline":"p","prefix":"a","limit":5,"after":"a2E"}`, `{"aggregate":"file/x","version":1}`, `{"pipeline":"p","query":{"a":[1]}}`, `{"PIPELINE":"p"}`,
	} {
		for i := range verbs {
			f.Add(i, []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, i int, text []byte) {
		v := &verbs[uint(i)%uint(len(verbs))]
		ask, err := v.readJSON(text)
		if err != nil {
			if unfit := (*askError)(nil); !errors.As(err, &unfit) || ask != nil {
				t.Errorf("%s %q: %v, %T", v.name, text, ask, err)
			}
			return
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(text, &fields); err != nil && len(strings.TrimSpace(string(text))) > 0 {
			t.Errorf("%s: %q is taken for %+v", v.name, text, ask)
		}
		for name := range fields {
			if !takes(v.asks, name) {
				t.Errorf("%s: %q is taken for %+v, with its %s", v.name, text, ask, name)
			}
		}
	})
}

// takes reports whether something that is asked has a field, or its body has.
func takes(asks reflect.Type, name string) bool {
	for i := range asks.NumField() {
		f := asks.Field(i)
		if f.Anonymous && takes(f.Type, name) || strings.EqualFold(jsonName(f), name) && jsonName(f) != "" {
			return true
		}
	}
	return false
}
