package catalog_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/catalog"
)

func TestChains(t *testing.T) {
	fault := func(f catalog.Fault, from, through, current uint32) catalog.ChainError {
		return catalog.ChainError{Fault: f, From: from, Through: through, Current: current}
	}
	tests := []struct {
		name    string
		version uint32
		from    []uint32
		want    []catalog.ChainError
	}{
		{"version 0 is 1", 0, nil, nil},
		{"version 1", 1, nil, nil},
		{"whole", 4, []uint32{1, 2, 3}, nil},
		{"none", 2, nil, []catalog.ChainError{fault(catalog.Gap, 1, 1, 2)}},
		{"none of very many", math.MaxUint32, nil, []catalog.ChainError{fault(catalog.Gap, 1, math.MaxUint32-1, math.MaxUint32)}},
		{"gap at the start", 3, []uint32{2}, []catalog.ChainError{fault(catalog.Gap, 1, 1, 3)}},
		{"gap in the middle", 6, []uint32{1, 4, 5}, []catalog.ChainError{fault(catalog.Gap, 2, 3, 6)}},
		{"gap at the end", 4, []uint32{1, 2}, []catalog.ChainError{fault(catalog.Gap, 3, 3, 4)}},
		{"two gaps", 5, []uint32{2, 4}, []catalog.ChainError{fault(catalog.Gap, 1, 1, 5), fault(catalog.Gap, 3, 3, 5)}},
		{"duplicate", 3, []uint32{1, 1, 2}, []catalog.ChainError{fault(catalog.Duplicate, 1, 1, 3)}},
		{"out of order", 3, []uint32{2, 1}, []catalog.ChainError{fault(catalog.OutOfOrder, 1, 1, 3)}},
		{"beyond", 2, []uint32{1, 2}, []catalog.ChainError{fault(catalog.Beyond, 2, 2, 2)}},
		{"beyond version 1", 1, []uint32{1}, []catalog.ChainError{fault(catalog.Beyond, 1, 1, 1)}},
		{"zero", 2, []uint32{0, 1}, []catalog.ChainError{fault(catalog.Zero, 0, 0, 2)}},
		{"all at once", 5, []uint32{4, 2, 2, 9}, []catalog.ChainError{
			fault(catalog.OutOfOrder, 2, 2, 5), fault(catalog.Duplicate, 2, 2, 5), fault(catalog.Beyond, 9, 9, 5),
			fault(catalog.Gap, 1, 1, 5), fault(catalog.Gap, 3, 3, 5),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typ := catalog.Type{Name: "changed", Version: tt.version}
			for _, from := range tt.from {
				typ.Upcasters = append(typ.Upcasters, catalog.Upcaster{From: from, Steps: []catalog.Step{catalog.Drop{Field: "x"}}})
			}
			_, err := catalog.New(typ)
			var got []catalog.ChainError
			for _, e := range definitionErrors(t, err) {
				var chain *catalog.ChainError
				if !errors.As(e, &chain) {
					t.Fatalf("%v is no ChainError", e)
				}
				got = append(got, *chain)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func definitionErrors(t *testing.T, err error) catalog.Errors {
	t.Helper()
	var all catalog.Errors
	if err != nil && !errors.As(err, &all) {
		t.Fatalf("%T is no catalog.Errors", err)
	}
	return all
}

func TestDefinitions(t *testing.T) {
	steps := func(s ...catalog.Step) []catalog.Type {
		return []catalog.Type{{Name: "changed", Version: 2, Upcasters: []catalog.Upcaster{{From: 1, Steps: s}}}}
	}
	fields := func(f ...catalog.Field) []catalog.Type { return []catalog.Type{{Name: "changed", Fields: f}} }
	table := func(from, to string) []catalog.Mapping {
		return []catalog.Mapping{{From: []byte(from), To: []byte(to)}}
	}
	up := func(*catalog.Object) error { return nil }
	tests := []struct {
		name  string
		types []catalog.Type
		want  string // of the only error
	}{
		{"no name", []catalog.Type{{}}, `event type "": the name must not be empty`},
		{"a name not in snake_case", []catalog.Type{{Name: "StatusChanged"}}, `event type "StatusChanged": the name "StatusChanged" must be snake_case: a-z, 0-9 and _, not starting with a digit (did you mean "status_changed"?)`},
		{"a type twice", []catalog.Type{{Name: "changed"}, {Name: "changed"}}, `event type "changed": event type "changed" is declared twice`},
		{"no steps", steps(), `event type "changed", upcaster 1: the upcaster has no steps`},
		{"a nil step", steps(nil), `event type "changed", upcaster 1, step 1: the step is nil`},
		{"fields at the wrong place", []catalog.Type{{Name: "changed", Version: 2, Upcasters: []catalog.Upcaster{{From: 1, Steps: []catalog.Step{catalog.Drop{Field: "x"}}, Fields: []catalog.Field{{Name: "y"}}}}}},
			`event type "changed", upcaster 1: the fields of the current version 2 are declared at the type`},
		{"field without a name", fields(catalog.Field{}), `event type "changed": a field's name has 1 to 512 bytes, not 0`},
		{"field twice", fields(catalog.Field{Name: "a"}, catalog.Field{Name: "a"}), `event type "changed": field "a" is declared twice`},
		{"field of no type", fields(catalog.Field{Name: "a", Type: "text"}), `event type "changed": field "a" has the unknown type "text"`},
		{"field of no presence", fields(catalog.Field{Name: "a", Presence: 9}), `event type "changed": field "a" has the unknown presence 9`},
		{"rename nothing", steps(catalog.Rename{To: "b"}), `event type "changed", upcaster 1, step 1: field is missing`},
		{"rename to nothing", steps(catalog.Rename{Field: "a"}), `event type "changed", upcaster 1, step 1: to is missing`},
		{"rename to itself", steps(catalog.Rename{Field: "x.a", To: "a"}), `event type "changed", upcaster 1, step 1: the field has the name "a" already`},
		{"rename elsewhere", steps(catalog.Rename{Field: "a", To: "b.a"}), `event type "changed", upcaster 1, step 1: to "b.a" leads into another object, which is a move`},
		{"add nothing", steps(catalog.Add{Field: "a"}), `event type "changed", upcaster 1, step 1: default is missing; write null for no value`},
		{"add no JSON", steps(catalog.Add{Field: "a", Default: []byte("[")}), `event type "changed", upcaster 1, step 1: default is not valid JSON: unexpected end of JSON input`},
		{"drop a bad path", steps(catalog.Drop{Field: "a..b"}), `event type "changed", upcaster 1, step 1: field "a..b" has an empty name between its dots`},
		{"drop a long path", steps(catalog.Drop{Field: strings.Repeat("a", 513)}), `event type "changed", upcaster 1, step 1: field has 513 bytes, at most 512 are allowed`},
		{"move into itself", steps(catalog.Move{Field: "a", To: "a.b"}), `event type "changed", upcaster 1, step 1: "a" does not move to "a.b": one holds the other`},
		{"move over its holder", steps(catalog.Move{Field: "a.b", To: "a"}), `event type "changed", upcaster 1, step 1: "a.b" does not move to "a": one holds the other`},
		{"an empty table", steps(catalog.MapValues{Field: "a"}), `event type "changed", upcaster 1, step 1: the table is empty`},
		{"a table from no scalar", steps(catalog.MapValues{Field: "a", Values: table(`[1]`, `2`)}), `event type "changed", upcaster 1, step 1: [1] is no text, number, boolean or null`},
		{"a table to nothing", steps(catalog.MapValues{Field: "a", Values: table(`1`, ``)}), `event type "changed", upcaster 1, step 1: values is missing; write null for no value`},
		{"a table with a value twice", steps(catalog.MapValues{Field: "a", Values: append(table(`"a"`, `1`), table(`"\u0061"`, `2`)...)}), `event type "changed", upcaster 1, step 1: the value "\u0061" is in the table twice`},
		{"a func without a name", steps(catalog.Func{Revision: "1", Up: up}), `event type "changed", upcaster 1, step 1: the func has no name, by which the catalog's digest knows it`},
		{"a func without a revision", steps(catalog.Func{Name: "f", Up: up}), `event type "changed", upcaster 1, step 1: the func has no revision, by which the catalog's digest knows it`},
		{"a func without a func", steps(catalog.Func{Name: "f", Revision: "1"}), `event type "changed", upcaster 1, step 1: the func has no Up`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := catalog.New(tt.types...)
			if all := definitionErrors(t, err); len(all) != 1 || err.Error() != tt.want || c != nil {
				t.Errorf("catalog %v, error:\n%v\nwant:\n%s", c, err, tt.want)
			}
		})
	}
}

// Whoever reads types from a file finds the line by a mistake's place.
func TestPlaces(t *testing.T) {
	good := registered()
	bad := registered()
	bad.Name = "resource_renamed"
	bad.Upcasters[0].Steps = append(bad.Upcasters[0].Steps, catalog.Rename{Field: "a"})
	bad.Upcasters[1].From = 3
	bad.Fields[1].Type = "list"
	_, err := catalog.New(good, bad, good)
	var got []catalog.Place
	for _, e := range definitionErrors(t, err) {
		got = append(got, e.Place)
	}
	want := []catalog.Place{
		{Type: 1, Upcaster: -1, Step: -1, Field: 1, Key: "fields"},
		{Type: 1, Upcaster: 1, Step: -1, Field: -1, Key: "from"},
		{Type: 1, Upcaster: -1, Step: -1, Field: -1, Key: "upcasters"},
		{Type: 1, Upcaster: 0, Step: 1, Field: -1, Key: "to"},
		{Type: 2, Upcaster: -1, Step: -1, Field: -1, Key: "type"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	var twice *catalog.DuplicateTypeError
	if !errors.As(err, &twice) || twice.First != 0 {
		t.Errorf("error %v does not name the first declaration", err)
	}
}
