package catalog_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/catalog"
)

func TestSteps(t *testing.T) {
	states := catalog.MapValues{Field: "state", Values: []catalog.Mapping{
		{From: []byte(`"up"`), To: []byte(`"active"`)}, {From: []byte(`1`), To: []byte(`{"n": 1}`)}, {From: []byte(`true`), To: []byte(`null`)},
	}}
	withDefault, optional, nullListed := states, states, states
	withDefault.Default = []byte(`"unknown"`)
	optional.Optional = true
	nullListed.Values = append(nullListed.Values, catalog.Mapping{From: []byte(`null`), To: []byte(`"none"`)})
	nullListed.Optional = true
	tests := []struct {
		name     string
		step     catalog.Step
		in, want string // want is an error's text if it is no JSON
	}{
		{"rename in place", catalog.Rename{Field: "b", To: "z"}, `{"a":1,"b":2,"c":3}`, `{"a":1,"z":2,"c":3}`},
		{"rename inside", catalog.Rename{Field: "x.b", To: "z"}, `{"x":{"b":2}}`, `{"x":{"z":2}}`},
		{"rename to a name with quotes", catalog.Rename{Field: "b", To: `"<`}, `{"b":2}`, `{"\"<":2}`},
		{"rename what is not there", catalog.Rename{Field: "b", To: "z"}, `{}`, `field "b" is missing`},
		{"rename inside what is not there", catalog.Rename{Field: "x.y.b", To: "z"}, `{"x":{}}`, `field "x.y" is missing`},
		{"rename inside no object", catalog.Rename{Field: "x.b", To: "z"}, `{"x":[1]}`, `field "x" must be an object, not [1]`},
		{"rename inside a repetition", catalog.Rename{Field: "x.b", To: "z"}, `{"x":{"c":1,"c":1}}`, `field "x.c" is given twice`},
		{"rename optionally", catalog.Rename{Field: "x.b", To: "z", Optional: true}, `{"x":null}`, `{"x":null}`},
		{"rename to a taken name", catalog.Rename{Field: "x.b", To: "z"}, `{"x":{"b":1,"z":2}}`, `field "x.z" is there already, so that x.b does not get its name`},
		{"an escaped key", catalog.Rename{Field: "b", To: "z"}, `{"\u0062":1}`, `{"z":1}`},

		{"add at the end", catalog.Add{Field: "z", Default: []byte(` [ 1 ] `)}, `{"a":1}`, `{"a":1,"z":[1]}`},
		{"add to nothing", catalog.Add{Field: "z", Default: []byte(`null`)}, `{}`, `{"z":null}`},
		{"add what is there", catalog.Add{Field: "a", Default: []byte(`2`)}, `{"a":1,"b":2}`, `{"a":1,"b":2}`},
		{"add what is null", catalog.Add{Field: "a", Default: []byte(`2`)}, `{"a":null}`, `{"a":null}`},
		{"add inside", catalog.Add{Field: "x.y.z", Default: []byte(`2`)}, `{"x":{"a":1},"b":1}`, `{"x":{"a":1,"y":{"z":2}},"b":1}`},
		{"add inside null", catalog.Add{Field: "x.z", Default: []byte(`2`)}, `{"x":null,"b":1}`, `{"x":{"z":2},"b":1}`},
		{"add inside no object", catalog.Add{Field: "x.z", Default: []byte(`2`)}, `{"x":true}`, `field "x" must be an object, not true`},

		{"drop", catalog.Drop{Field: "b"}, `{"a":1,"b":2,"c":3}`, `{"a":1,"c":3}`},
		{"drop inside", catalog.Drop{Field: "x.b"}, `{"x":{"b":2}}`, `{"x":{}}`},
		{"drop what is not there", catalog.Drop{Field: "x.b"}, `{"a":1}`, `{"a":1}`},
		{"drop inside no object", catalog.Drop{Field: "x.b"}, `{"x":"b"}`, `field "x" must be an object, not "b"`},

		{"move in", catalog.Move{Field: "cpu", To: "spec.cpu"}, `{"cpu":4.0,"b":1}`, `{"b":1,"spec":{"cpu":4.0}}`},
		{"move in, to others", catalog.Move{Field: "cpu", To: "spec.cores"}, `{"cpu":4,"spec":{"ram":1}}`, `{"spec":{"ram":1,"cores":4}}`},
		{"move out", catalog.Move{Field: "spec.cpu", To: "cpu"}, `{"spec":{"cpu":4,"ram":1},"b":1}`, `{"spec":{"ram":1},"b":1,"cpu":4}`},
		{"move across", catalog.Move{Field: "a.x", To: "b.x"}, `{"a":{"x":{"deep":[1, 2]}}}`, `{"a":{},"b":{"x":{"deep":[1, 2]}}}`},
		{"move what is not there", catalog.Move{Field: "spec.cpu", To: "cpu"}, `{"spec":{}}`, `field "spec.cpu" is missing`},
		{"move optionally", catalog.Move{Field: "cpu", To: "spec.cpu", Optional: true}, `{"b":1}`, `{"b":1}`},
		{"move optionally from no object", catalog.Move{Field: "spec.cpu", To: "cpu", Optional: true}, `{"spec":1}`, `field "spec" must be an object, not 1`},
		{"move to a taken place", catalog.Move{Field: "cpu", To: "spec.cpu"}, `{"cpu":4,"spec":{"cpu":5}}`, `field "spec.cpu" is there already, so that cpu does not move there`},
		{"move into no object", catalog.Move{Field: "cpu", To: "spec.cpu"}, `{"cpu":4,"spec":7}`, `field "spec" must be an object, not 7`},

		{"map", states, `{"a":1,"state":"up","b":2}`, `{"a":1,"state":"active","b":2}`},
		{"map an escaped text", states, `{"state":"\u0075p"}`, `{"state":"active"}`},
		{"map a number", states, `{"state":1}`, `{"state":{"n":1}}`},
		{"map a number written otherwise", states, `{"state":1.0}`, `field "state" has a value that is not in the table: 1.0`},
		{"map a boolean", states, `{"state":true}`, `{"state":null}`},
		{"map what is not listed", states, `{"state":"down"}`, `field "state" has a value that is not in the table: "down"`},
		{"map by default", withDefault, `{"state":["x"]}`, `{"state":"unknown"}`},
		{"map what is not there", withDefault, `{}`, `field "state" is missing`},
		{"map optionally", optional, `{}`, `{}`},
		{"map null", states, `{"state":null}`, `field "state" has a value that is not in the table: null`},
		{"map null optionally", optional, `{"state":null}`, `{"state":null}`},
		{"map null that is listed", nullListed, `{"state":null}`, `{"state":"none"}`},

		{"white space goes, bytes stay", catalog.Drop{Field: "x"}, " { \"a\" : 1e+2 ,\t\"b\":[ 1 , {\"c\" : \"\\u00e4\" } ]\n, \"x\" : 1 } ", `{"a":1e+2,"b":[ 1 , {"c" : "\u00e4" } ]}`},
		{"big numbers", catalog.Drop{Field: "x"}, `{"n":123456789012345678901234567890,"f":1.10}`, `{"n":123456789012345678901234567890,"f":1.10}`},
		{"an empty payload", catalog.Drop{Field: "x"}, `{ }`, `{}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := fact("changed", 1, tt.in)
			got, err := oneStep(t, tt.step).Upcast(in)
			var failed *catalog.UpcastError
			switch {
			case errors.As(err, &failed):
				if failed.Err.Error() != tt.want {
					t.Errorf("error is %v, want %s", failed.Err, tt.want)
				}
			case err != nil || string(got.Data) != tt.want:
				t.Errorf("got %s, %v, want %s", got.Data, err, tt.want)
			}
			if string(in.Data) != tt.in {
				t.Errorf("the input became %s", in.Data)
			}
		})
	}
}

func TestFieldTypes(t *testing.T) {
	const id = `"01900000-0000-7000-8000-000000000001"`
	fitting := map[catalog.FieldType][]string{
		catalog.AnyType:     {`null`, `1`, `"x"`, `{}`},
		catalog.StringType:  {`""`, `"x"`},
		catalog.IntegerType: {`0`, `-7`, `123456789012345678901234567890`},
		catalog.NumberType:  {`0`, `-7.5`, `1e9`},
		catalog.BooleanType: {`true`, `false`},
		catalog.ArrayType:   {`[]`, `[1]`},
		catalog.ObjectType:  {`{}`, `{"a":1}`},
		catalog.UUIDType:    {id},
		catalog.TimeType:    {`"2026-01-31T09:30:00Z"`, `"2026-01-31T09:30:00.5+02:00"`},
	}
	unfitting := map[catalog.FieldType][]string{
		catalog.StringType:  {`null`, `1`, `["x"]`},
		catalog.IntegerType: {`null`, `1.0`, `1e9`, `"1"`},
		catalog.NumberType:  {`null`, `"1"`, `true`},
		catalog.BooleanType: {`null`, `0`, `"true"`},
		catalog.ArrayType:   {`null`, `{}`, `"[]"`},
		catalog.ObjectType:  {`null`, `[]`},
		catalog.UUIDType:    {`null`, `"{01900000-0000-7000-8000-000000000001}"`, `"01900000-0000-7000-8000-00000000000x"`, `7`},
		catalog.TimeType:    {`null`, `"2026-01-31"`, `1767225600`},
	}
	if len(fitting) != len(catalog.FieldTypes()) {
		t.Fatalf("%d types are tested of %d", len(fitting), len(catalog.FieldTypes()))
	}
	upcast := func(f catalog.Field, value string) error {
		c := newCatalog(t, catalog.Type{Name: "changed", Version: 2, Fields: []catalog.Field{f},
			Upcasters: []catalog.Upcaster{{From: 1, Steps: []catalog.Step{catalog.Drop{Field: "x"}}}}})
		_, err := c.Upcast(fact("changed", 1, `{"f":`+value+`}`))
		return err
	}
	for _, typ := range catalog.FieldTypes() {
		for _, value := range fitting[typ] {
			if err := upcast(catalog.Field{Name: "f", Type: typ}, value); err != nil {
				t.Errorf("%s is no %s: %v", value, typ, err)
			}
		}
		for _, value := range unfitting[typ] {
			var invalid *catalog.InvalidFieldError
			if err := upcast(catalog.Field{Name: "f", Type: typ}, value); !errors.As(err, &invalid) {
				t.Errorf("%s is a %s", value, typ)
			}
		}
		optional := catalog.Field{Name: "f", Type: typ, Presence: catalog.Optional}
		if err := upcast(optional, `null`); err != nil {
			t.Errorf("an optional %s is not null: %v", typ, err)
		}
		if err := upcast(catalog.Field{Name: "g", Type: typ, Presence: catalog.Optional}, `1`); err != nil {
			t.Errorf("an optional %s is not absent: %v", typ, err)
		}
	}
	var invalid *catalog.InvalidFieldError
	long := `"` + strings.Repeat("ä", 100) + `"`
	if err := upcast(catalog.Field{Name: "f", Type: catalog.ArrayType}, long); !errors.As(err, &invalid) || invalid.Reason != `must be an array, not "`+strings.Repeat("ä", 29)+"…" {
		t.Errorf("a long value is quoted as %v", err)
	}
}

// A Func sees fields in order and changes them as steps do.
func TestFunc(t *testing.T) {
	up := func(o *catalog.Object) error {
		var host string
		if err := o.Decode("hostname", &host); err != nil {
			return err
		}
		short, domain, _ := strings.Cut(host, ".")
		if err := o.Rename("hostname", "name"); err != nil {
			return err
		}
		if err := errors.Join(o.Set("name", short), o.Set("domain", domain)); err != nil {
			return err
		}
		spec, err := o.Object("spec")
		if err != nil {
			return err
		}
		spec.Delete("ram")
		if err := spec.Set("cpu", nil); err != nil {
			return err
		}
		var order []string
		for name := range o.Names() {
			order = append(order, name)
		}
		raw, _ := o.Get("spec")
		return o.Set("seen", strings.Join(order, " ")+" "+string(raw))
	}
	c := oneStep(t, catalog.Func{Name: "split", Revision: "1", Up: up})
	got, err := c.Upcast(fact("changed", 1, `{"n":1.0,"hostname":"a.b<c","spec":{"cpu":1,"ram":2,"disk":1e3}}`))
	want := `{"n":1.0,"name":"a","spec":{"cpu":null,"disk":1e3},"domain":"b<c","seen":"n name spec domain {\"cpu\":null,\"disk\":1e3}"}`
	if err != nil || string(got.Data) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got.Data, want)
	}
}

// Steps see what the steps before them did, also to objects inside.
func TestStepsFollowEachOther(t *testing.T) {
	c := oneStep(t,
		catalog.Add{Field: "x.y.a", Default: raw(`1`)},
		catalog.Rename{Field: "x.y.a", To: "b"},
		catalog.Move{Field: "x.y", To: "z"},
		catalog.Add{Field: "z.c", Default: raw(`2`)},
		catalog.MapValues{Field: "x", Values: []catalog.Mapping{{From: raw(`1`), To: raw(`1`)}}, Default: raw(`"was an object"`)},
		catalog.Drop{Field: "n"},
		catalog.Rename{Field: "z", To: "n"})
	got, err := c.Upcast(fact("changed", 1, `{"n":0,"x":{"q":7}}`))
	if want := `{"x":"was an object","n":{"b":1,"c":2}}`; err != nil || string(got.Data) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got.Data, want)
	}
}

func TestFuncErrors(t *testing.T) {
	own := errors.New("no such machine")
	var text string
	tests := []struct {
		name string
		up   func(o *catalog.Object) error
		want error
	}{
		{"its own", func(*catalog.Object) error { return own }, own},
		{"decode nothing", func(o *catalog.Object) error { return o.Decode("x", &text) }, &catalog.MissingFieldError{Field: "x"}},
		{"decode another kind", func(o *catalog.Object) error { return o.Decode("n", &text) }, &catalog.InvalidFieldError{Field: "n", Reason: "must not be a JSON number"}},
		{"set nothing", func(o *catalog.Object) error { return o.Set("x", raw("")) }, &catalog.InvalidFieldError{Field: "x", Reason: "has no JSON form: it is not valid JSON"}},
		{"set raw no JSON", func(o *catalog.Object) error { return o.Set("x", raw(`{`)) }, &catalog.InvalidFieldError{Field: "x", Reason: "has no JSON form: it is not valid JSON"}},
		{"set a func", func(o *catalog.Object) error { return o.Set("x", func() {}) }, &catalog.InvalidFieldError{Field: "x", Reason: "has no JSON form: json: unsupported type: func()"}},
		{"open no object", func(o *catalog.Object) error { _, err := o.Object("n"); return err }, &catalog.InvalidFieldError{Field: "n", Reason: "must be an object, not 1"}},
		{"rename to itself", func(o *catalog.Object) error { return o.Rename("n", "n") }, nil},
		{"delete nothing", func(o *catalog.Object) error { o.Delete("x"); return nil }, nil},
	}
	for _, tt := range tests {
		_, err := oneStep(t, catalog.Func{Name: "f", Revision: "1", Up: tt.up}).Upcast(fact("changed", 1, `{"n":1}`))
		var failed *catalog.UpcastError
		switch {
		case tt.want == nil:
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		case !errors.As(err, &failed) || !reflect.DeepEqual(failed.Err, tt.want):
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
	}
}
