package catalog_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
)

func TestUpcastToTheCurrentVersion(t *testing.T) {
	c := newCatalog(t, registered())
	tests := []struct {
		name    string
		version uint32
		data    string
		want    string
	}{
		{"the whole chain", 1, v1, `{"fqdn":"a.example.com","resource_type":"router","tags":[]}`},
		{"version 0 is 1", 0, v1, `{"fqdn":"a.example.com","resource_type":"router","tags":[]}`},
		{"the second step only", 2, v2, v3},
		{"current", 3, v3, v3},
		{"current, whatever is in it", 3, ` {"hostname": 1 } `, ` {"hostname": 1 } `},
		{"a version in the payload means nothing", 2, `{"event_version":1,"hostname":"a","tags":[]}`, `{"event_version":1,"fqdn":"a","tags":[]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := fact("resource_registered", tt.version, tt.data)
			want := e
			want.SchemaVersion, want.Data = 3, []byte(tt.want)
			got, err := c.Upcast(e)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
			r := event.Recorded{Event: e, Position: 7, Version: 1}
			if err := c.UpcastRecorded(&r); err != nil || cmp.Diff(event.Recorded{Event: want, Position: 7, Version: 1}, r) != "" {
				t.Errorf("recorded: %+v, %v", r, err)
			}
		})
	}
}

func TestUpcastToAVersion(t *testing.T) {
	c := newCatalog(t, registered())
	unsupported := func(from, to, found uint32) error {
		return &catalog.UnsupportedVersionError{Type: "resource_registered", From: from, To: to, Found: found}
	}
	tests := []struct {
		name         string
		from, target uint32
		data, want   string
		err          error
	}{
		{"downgrade", 2, 1, v2, v2, unsupported(2, 1, 2)},
		{"same", 2, 2, v2, v2, nil},
		{"one step", 1, 2, v1, `{"hostname":"a.example.com","resource_type":"router","tags":[]}`, nil},
		{"to the end", 1, 3, v1, `{"fqdn":"a.example.com","resource_type":"router","tags":[]}`, nil},
		{"beyond the end", 1, 9, v1, v1, unsupported(1, 9, 3)},
		{"from the end beyond it", 3, 4, v3, v3, unsupported(3, 4, 3)},
		{"version 0 does not exist", 1, 0, v1, v1, unsupported(1, 0, 1)},
		{"of a newer event", 5, 5, v3, v3, &catalog.NewerSchemaError{Type: "resource_registered", Known: 3, Found: 5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := fact("resource_registered", tt.from, tt.data)
			got, err := c.UpcastTo(e, tt.target)
			if diff := cmp.Diff(tt.err, err); diff != "" {
				t.Fatalf("error (-want +got):\n%s", diff)
			}
			want := e
			want.Data = []byte(tt.want)
			if err == nil {
				want.SchemaVersion = tt.target
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	unknown := fact("resource_painted", 2, `{}`)
	if got, err := c.UpcastTo(unknown, 2); err != nil || got.SchemaVersion != 2 {
		t.Errorf("an unknown type to its own version: %+v, %v", got, err)
	}
	if _, err := c.UpcastTo(unknown, 3); !cmp.Equal(err, error(&catalog.UnsupportedVersionError{Type: "resource_painted", From: 2, To: 3, Found: 2})) {
		t.Errorf("an unknown type to another version: %v", err)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	c := newCatalog(t, registered())
	tests := []struct {
		name    string
		version uint32
		data    string
		want    error
	}{
		{"newer", 4, v3, &catalog.NewerSchemaError{Type: "resource_registered", Known: 3, Found: 4, Position: 17}},
		{"no hostname", 2, `{"tags":[]}`, upcastError(2, &catalog.MissingFieldError{Field: "hostname"})},
		{"no tags in version 2", 2, `{"hostname":"a"}`, upcastError(2, &catalog.MissingFieldError{Field: "tags"})},
		{"tags of another kind", 1, `{"hostname":"a","tags":"x"}`, upcastError(1, &catalog.InvalidFieldError{Field: "tags", Reason: `must be an array, not "x"`})},
		{"fqdn there already", 1, `{"hostname":"a","fqdn":"b"}`, upcastError(2, &catalog.InvalidFieldError{Field: "fqdn", Reason: `is there already, so that hostname does not get its name`})},
		{"fqdn no text", 1, `{"hostname":7}`, upcastError(2, &catalog.InvalidFieldError{Field: "fqdn", Reason: `must be a string, not 7`})},
		{"a field twice", 1, `{"hostname":"a","hostname":"b"}`, upcastError(1, &catalog.InvalidFieldError{Field: "hostname", Reason: `is given twice`})},
		{"no object", 1, `[]`, upcastError(1, &event.FieldError{Field: "data", Reason: "must be a JSON object"})},
		{"no JSON", 1, `{"hostname"`, upcastError(1, &event.FieldError{Field: "data", Reason: "is not valid JSON"})},
		{"nothing", 1, ``, upcastError(1, &event.FieldError{Field: "data", Reason: "is not valid JSON"})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := event.Recorded{Event: fact("resource_registered", tt.version, tt.data), Position: 17, Version: 2}
			before := r
			if diff := cmp.Diff(tt.want, c.UpcastRecorded(&r)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, r); diff != "" {
				t.Errorf("the event was written to:\n%s", diff)
			}
		})
	}
}

func upcastError(from uint32, err error) error {
	e := fact("", 0, "")
	return &catalog.UpcastError{Type: "resource_registered", From: from, To: from + 1, EventID: e.ID, Position: 17, Err: err}
}

// A field that a Func should have taken away is seen.
func TestForbiddenFields(t *testing.T) {
	lazy := registered()
	lazy.Upcasters[1].Steps = []catalog.Step{catalog.Func{Name: "fqdn", Revision: "1", Up: func(o *catalog.Object) error {
		return o.Set("fqdn", "a.example.com")
	}}}
	_, err := newCatalog(t, lazy).Upcast(fact("resource_registered", 2, v2))
	var invalid *catalog.InvalidFieldError
	if !errors.As(err, &invalid) || invalid.Field != "hostname" {
		t.Errorf("error is %v, want one about hostname", err)
	}
}

func TestTypesThatAreNotInTheCatalog(t *testing.T) {
	e := fact("resource_painted", 4, ` {"colour": "red"}`)
	for name, c := range map[string]*catalog.Catalog{"zero": {}, "empty": newCatalog(t), "other types": newCatalog(t, registered())} {
		got, err := c.Upcast(e)
		if diff := cmp.Diff(e, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
		if err := c.Admit(&e); err != nil {
			t.Errorf("%s: admit: %v", name, err)
		}
		if _, ok := c.Version("resource_painted"); ok {
			t.Errorf("%s: has a version of an unknown type", name)
		}
		strict := c.Strict()
		if _, err := strict.Upcast(e); !cmp.Equal(err, error(&catalog.UnknownTypeError{Type: "resource_painted"})) {
			t.Errorf("%s: strict: %v", name, err)
		}
		r := event.Recorded{Event: e, Position: 3}
		if err := strict.UpcastRecorded(&r); !cmp.Equal(err, error(&catalog.UnknownTypeError{Type: "resource_painted", Position: 3})) {
			t.Errorf("%s: strict, recorded: %v", name, err)
		}
	}
}

func TestAdmit(t *testing.T) {
	c := newCatalog(t, registered())
	for version, want := range map[uint32]error{
		0: nil, 1: nil, 3: nil,
		4: &catalog.NewerSchemaError{Type: "resource_registered", Known: 3, Found: 4},
	} {
		e := fact("resource_registered", version, `{}`)
		if diff := cmp.Diff(want, c.Admit(&e)); diff != "" {
			t.Errorf("version %d:\n%s", version, diff)
		}
	}
	if version, ok := c.Version("resource_registered"); version != 3 || !ok {
		t.Errorf("version is %d, %v", version, ok)
	}
}

func TestCurrentEventsCostNothing(t *testing.T) {
	c := newCatalog(t, registered())
	current := event.Recorded{Event: fact("resource_registered", 3, v3), Position: 1, Version: 1}
	unknown := event.Recorded{Event: fact("resource_painted", 1, `{}`), Position: 2, Version: 2}
	allocs := testing.AllocsPerRun(100, func() {
		for _, r := range []*event.Recorded{&current, &unknown} {
			if err := c.UpcastRecorded(r); err != nil {
				t.Error(err)
			}
			if _, err := c.Upcast(r.Event); err != nil {
				t.Error(err)
			}
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkUpcastCurrent(b *testing.B) {
	c := newCatalog(b, registered())
	r := event.Recorded{Event: fact("resource_registered", 3, v3), Position: 1, Version: 1}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.UpcastRecorded(&r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpcastTwoSteps(b *testing.B) {
	c := newCatalog(b, registered())
	old := event.Recorded{Event: fact("resource_registered", 1, v1), Position: 1, Version: 1}
	b.ReportAllocs()
	for b.Loop() {
		r := old
		if err := c.UpcastRecorded(&r); err != nil {
			b.Fatal(err)
		}
	}
}
