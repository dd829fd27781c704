package catalog_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/catalog"
)

// everyStep is a type whose chain has a step of each kind.
func everyStep() catalog.Type {
	return catalog.Type{
		Name:    "changed",
		Version: 3,
		Fields:  []catalog.Field{{Name: "fqdn", Type: catalog.StringType}, {Name: "at", Type: catalog.TimeType, Presence: catalog.Optional}},
		Upcasters: []catalog.Upcaster{
			{From: 1, Steps: []catalog.Step{
				catalog.Add{Field: "spec.tags", Default: raw(`[]`)},
				catalog.Move{Field: "cpu", To: "spec.cpu", Optional: true},
				catalog.Drop{Field: "spec.old"},
			}},
			{From: 2, Steps: []catalog.Step{
				catalog.Rename{Field: "hostname", To: "fqdn"},
				catalog.MapValues{Field: "state", Values: []catalog.Mapping{{From: raw(`"up"`), To: raw(`1`)}}, Optional: true},
				catalog.Func{Name: "count", Revision: "1", Up: func(o *catalog.Object) error { return o.Set("n", 1) }},
			}},
		},
	}
}

func FuzzUpcast(f *testing.F) {
	for _, seed := range []string{
		v1, v2, v3, ``, `{}`, `[]`, `{"hostname":"a","cpu":4,"spec":{"old":1,"cpu":2}}`, `{"hostname":"a","spec":null,"state":"up"}`,
		` { "hostname" : "\"\\" , "spec" : { "a" : [ "}" , { } ] } } `, `{"\u0068ostname":"a","x":1e400}`, `{"":{"":[[[]]]},"hostname":"\ud800"}`,
		"{\"hostname\":\"a\",\"\xff\":1,\"\xfe\":2}", `{"a":1,"a":2}`, `{"hostname":"a","at":"2026"}`,
	} {
		f.Add([]byte(seed))
	}
	c, err := catalog.New(everyStep())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e := fact("changed", 1, string(data))
		got, err := c.Upcast(e)
		checkTotal(t, c, e, got, err)
		if !bytes.Equal(e.Data, data) {
			t.Fatalf("the input became %q", e.Data)
		}
		if err == nil && !json.Valid(data) {
			t.Fatalf("%q is not JSON, and became %q", data, got.Data)
		}
	})
}

// A payload with very many fields, or very deep, is no trap.
func TestExtremePayloads(t *testing.T) {
	c := newCatalog(t, everyStep())
	var wide strings.Builder
	for i := range 200_000 {
		wide.WriteString(`"` + strconv.Itoa(i) + `":0,`)
	}
	deep := strings.Repeat(`{"a":[`, 4000) + strings.Repeat(`]}`, 4000)
	for name, data := range map[string]string{
		"wide": `{` + wide.String() + `"hostname":"a"}`,
		"deep": `{"x":` + deep + `,"hostname":"a"}`,
	} {
		got, err := c.Upcast(fact("changed", 1, data))
		if err != nil || len(got.Data) < len(data) {
			t.Errorf("%s: %d of %d bytes, %v", name, len(got.Data), len(data), err)
		}
	}
	for _, twice := range []string{"7", "199999"} {
		if _, err := c.Upcast(fact("changed", 1, `{`+wide.String()+`"`+twice+`":0,"hostname":"a"}`)); err == nil {
			t.Errorf("field %s twice among very many was not seen", twice)
		}
	}
}
