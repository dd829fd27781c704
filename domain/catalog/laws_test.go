package catalog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
)

var fieldNames = []string{"a", "b", "c", "spec", "käse", `q"`}

func genPath(t *rapid.T, label string) string {
	p := rapid.SampledFrom(fieldNames[:4]).Draw(t, label)
	if p == "spec" || rapid.IntRange(0, 3).Draw(t, label+" depth") == 0 {
		return "spec." + rapid.SampledFrom(fieldNames[:3]).Draw(t, label+" inside")
	}
	return p
}

func genStep(t *rapid.T) catalog.Step {
	optional := rapid.IntRange(0, 4).Draw(t, "optional") > 0
	field := genPath(t, "field")
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return catalog.Rename{Field: field, To: rapid.SampledFrom([]string{"d", "e"}).Draw(t, "name"), Optional: optional}
	case 1:
		return catalog.Add{Field: field, Default: raw(`{"new": [1]}`)}
	case 2:
		return catalog.Drop{Field: field}
	case 3:
		return catalog.Move{Field: field, To: "box." + rapid.SampledFrom(fieldNames[:3]).Draw(t, "to"), Optional: optional}
	case 4:
		table := []catalog.Mapping{{From: raw(`1`), To: raw(`"one"`)}, {From: raw(`"x"`), To: raw(`null`)}}
		return catalog.MapValues{Field: field, Values: table, Default: raw(`"other"`), Optional: optional}
	}
	return catalog.Func{Name: "count", Revision: "1", Up: func(o *catalog.Object) error {
		return o.Set("fields", len(slices.Collect(o.Names())))
	}}
}

// genCatalog makes a catalog of the type "changed" with 1 to 5 versions.
func genCatalog(t *rapid.T) *catalog.Catalog {
	typ := catalog.Type{Name: "changed", Version: uint32(rapid.IntRange(1, 5).Draw(t, "version"))}
	for from := uint32(1); from < typ.Version; from++ {
		u := catalog.Upcaster{From: from}
		for range rapid.IntRange(1, 3).Draw(t, "steps") {
			u.Steps = append(u.Steps, genStep(t))
		}
		typ.Upcasters = append(typ.Upcasters, u)
	}
	c, err := catalog.New(typ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// genObject writes a JSON object with white space in all places, odd numbers
// and keys in more than one spelling.
func genObject(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", "", " ", "\n\t"})
	var b strings.Builder
	b.WriteString("{" + space.Draw(t, "space"))
	for i, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(fieldNames), 0, len(fieldNames), rapid.ID).Draw(t, "names") {
		if i > 0 {
			b.WriteString("," + space.Draw(t, "space"))
		}
		key, _ := json.Marshal(name)
		if rapid.Bool().Draw(t, "escaped") && name[0] < 0x80 {
			key = fmt.Appendf(nil, `"\u%04x%s`, name[0], key[len(key)-len(name):])
			if name == `q"` {
				key = []byte(`"\u0071\""`)
			}
		}
		value := rapid.SampledFrom([]string{`1`, `-1.50E+07`, `123456789012345678901`, `"x"`, `"\u0041}\\"`, `null`, `[ {"a" : 1} ,"]"]`, `{}`}).Draw(t, "value")
		if depth > 0 && rapid.Bool().Draw(t, "nested") {
			value = genObject(t, depth-1)
		}
		fmt.Fprintf(&b, "%s:%s%s%s", key, space.Draw(t, "space"), value, space.Draw(t, "space"))
	}
	return b.String() + "}"
}

func genEvent(t *rapid.T, c *catalog.Catalog) event.Event {
	current, _ := c.Version("changed")
	version := rapid.Uint32Range(0, current).Draw(t, "version")
	e := fact("changed", version, genObject(t, 2))
	if !json.Valid(e.Data) {
		t.Fatalf("the generator made %s", e.Data)
	}
	return e
}

// Every object is upcast, or refused with a typed error; the result is valid,
// and the input is not written to.
func TestLawTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genCatalog(t)
		e := genEvent(t, c)
		before := bytes.Clone(e.Data)
		got, err := c.Upcast(e)
		checkTotal(t, c, e, got, err)
		if !bytes.Equal(before, e.Data) {
			t.Fatalf("the input became %s", e.Data)
		}
	})
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func checkTotal(t failer, c *catalog.Catalog, e, got event.Event, err error) {
	t.Helper()
	if err != nil {
		var failed *catalog.UpcastError
		var missing *catalog.MissingFieldError
		var invalid *catalog.InvalidFieldError
		var field *event.FieldError
		if !errors.As(err, &failed) || !errors.As(err, &missing) && !errors.As(err, &invalid) && !errors.As(err, &field) {
			t.Fatalf("error %v is not typed", err)
		}
		if !bytes.Equal(got.Data, e.Data) || got.SchemaVersion != e.SchemaVersion {
			t.Fatalf("with an error the event became version %d, %s", got.SchemaVersion, got.Data)
		}
		return
	}
	if current, _ := c.Version(e.Type); max(got.SchemaVersion, 1) != current {
		t.Fatalf("it is at version %d of %d", got.SchemaVersion, current)
	}
	if !utf8.Valid(e.Data) { // no event that is appended today, but an upcaster need not mend it
		got.Data = bytes.ToValidUTF8(got.Data, []byte("?"))
	}
	if err := got.Validate(); err != nil {
		t.Fatalf("%s became %s: %v", e.Data, got.Data, err)
	}
}

// What is current stays as it is, byte by byte.
func TestLawIdentityAtTheCurrentVersion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genCatalog(t)
		once, err := c.Upcast(genEvent(t, c))
		if err != nil {
			return
		}
		twice, err := c.Upcast(once)
		if err != nil || !bytes.Equal(once.Data, twice.Data) || once.SchemaVersion != twice.SchemaVersion {
			t.Fatalf("%s became %s, %v", once.Data, twice.Data, err)
		}
	})
}

// Version by version and all at once give the same bytes, or the same error.
func TestLawStepsAreOneChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genCatalog(t)
		e := genEvent(t, c)
		whole, wholeErr := c.Upcast(e)
		current, _ := c.Version("changed")
		stepped, err := e, error(nil)
		for v := max(e.SchemaVersion, 1); v < current && err == nil; v++ {
			stepped, err = c.UpcastTo(stepped, v+1)
		}
		if fmt.Sprint(err) != fmt.Sprint(wholeErr) {
			t.Fatalf("all at once: %v; by steps: %v", wholeErr, err)
		}
		if err == nil && !bytes.Equal(whole.Data, stepped.Data) {
			t.Fatalf("all at once: %s; by steps: %s", whole.Data, stepped.Data)
		}
	})
}

// Fields that no step names keep their order and their bytes.
func TestLawTheRestSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := []catalog.Step{
			catalog.Drop{Field: "a"}, catalog.Rename{Field: "b", To: "renamed", Optional: true},
			catalog.Move{Field: "c", To: "box.c", Optional: true}, catalog.Add{Field: "new", Default: raw(`1`)},
		}
		c, err := catalog.New(catalog.Type{Name: "changed", Version: 2, Upcasters: []catalog.Upcaster{{From: 1, Steps: steps}}})
		if err != nil {
			t.Fatal(err)
		}
		e := fact("changed", 1, genObject(t, 2))
		got, err := c.Upcast(e)
		if err != nil {
			t.Fatal(err)
		}
		named := []string{"a", "b", "c", "renamed", "box", "new"}
		before, after := others(t, e.Data, named), others(t, got.Data, named)
		if !slices.Equal(before, after) {
			t.Fatalf("%q became %q", before, after)
		}
	})
}

// others lists the fields of an object but for some, in order, with their bytes.
func others(t *rapid.T, data []byte, but []string) (list []string) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(but, key.(string)) {
			list = append(list, key.(string)+":"+string(value))
		}
	}
	return list
}
