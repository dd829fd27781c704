package config

import (
	"errors"
	"math"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/refold-dev/refold/domain/catalog"
)

// EventType declares an event type: its fields, its current schema version, and
// how payloads of older versions become current ones.
type EventType struct {
	At `yaml:"-" json:"-"`
	// Type is the type's name.
	Type string `yaml:"type" json:"type"`
	// Version is the current schema version; 1 if it is not given.
	Version   int        `yaml:"version" json:"version,omitempty"`
	Fields    Fields     `yaml:"fields" json:"fields,omitempty"`
	Upcasters []Upcaster `yaml:"upcasters" json:"upcasters,omitempty"`
}

// Upcaster leads from version From to the next.
type Upcaster struct {
	At `yaml:"-" json:"-"`
	// From is the version of the payloads that it takes.
	From int `yaml:"from" json:"from"`
	// Steps are the changes, one after the other.
	Steps []Step `yaml:"steps" json:"steps"`
	// Fields are those of the version it leads to. Those of the current version
	// are the type's.
	Fields Fields `yaml:"fields" json:"fields,omitempty"`
}

// Fields are written as a mapping from name to type; their order is kept. The
// type `optional string` is that of a field which may be absent or null,
// `forbidden` that of one which must not be there.
type Fields []Field

// Field is one field of an event type.
type Field struct {
	Name string `json:"name"`
	Type string `json:"type"`
	pos  Pos
}

// What stands before a field's type, or in its place.
const (
	optional  = "optional "
	forbidden = "forbidden"
)

func (f *Fields) decodeNode(d *decoder, n *yaml.Node) {
	d.named(n, "a mapping from field to type", "write `name: type`, one a line", "field %q is declared twice", func(name string, value *yaml.Node) {
		if value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str" {
			d.fail(value, "", "expected a field type, found %s", kindOf(value))
			return
		}
		*f = append(*f, Field{Name: name, Type: value.Value, pos: d.pos(value)})
	})
}

// Declared are the fields as package catalog has them.
func (f *Fields) Declared() []catalog.Field {
	var list []catalog.Field
	for _, field := range *f {
		declared := catalog.Field{Name: field.Name, Type: catalog.FieldType(field.Type)}
		if base, ok := strings.CutPrefix(field.Type, optional); ok {
			declared.Type, declared.Presence = catalog.FieldType(base), catalog.Optional
		}
		if field.Type == forbidden {
			declared.Type, declared.Presence = catalog.AnyType, catalog.Forbidden
		}
		list = append(list, declared)
	}
	return list
}

// EventCatalog makes the catalog that the configuration declares. The error is
// Errors; there is none for a configuration that Load returned.
func (c *Config) EventCatalog() (*catalog.Catalog, error) {
	made, errs := newCatalog(c.Catalog)
	if len(errs) > 0 {
		return nil, c.Hide(errs.Sorted())
	}
	return made, nil
}

func newCatalog(types []EventType) (*catalog.Catalog, Errors) {
	var r rules
	list := make([]catalog.Type, len(types))
	for i := range types {
		list[i] = r.eventType(&types[i])
	}
	made, err := catalog.New(list...)
	var wrong catalog.Errors
	errors.As(err, &wrong)
	placed := make(Errors, len(wrong))
	for i, e := range wrong {
		placed[i] = placeOf(types, e)
	}
	return made, append(r.errs, placed.unlessAt(r.errs)...)
}

func (r *rules) catalog(types []EventType) {
	_, errs := newCatalog(types)
	r.errs = append(r.errs, errs...)
}

func (r *rules) eventType(t *EventType) catalog.Type {
	out := catalog.Type{Name: t.Type, Version: 1, Fields: t.Fields.Declared()}
	if t.Type == "" {
		r.fail(t.Where("type"), "add `type: NAME`", "the event type has no name")
	}
	if _, given := t.keys["version"]; given || t.Version != 0 { // from JSON there are no keys
		out.Version = r.schemaVersion(t.Where("version"), "version", t.Version)
	}
	if out.Version == 0 {
		out.Version = uint32(len(t.Upcasters) + 1) // to look for mistakes in the upcasters all the same
	}
	for i := range t.Upcasters {
		u := &t.Upcasters[i]
		up := catalog.Upcaster{From: r.schemaVersion(u.Where("from"), "from", u.From), Fields: u.Fields.Declared()}
		for j := range u.Steps {
			up.Steps = append(up.Steps, r.step(&u.Steps[j]))
		}
		out.Upcasters = append(out.Upcasters, up)
	}
	return out
}

func (r *rules) schemaVersion(at Pos, key string, n int) uint32 {
	if n < 1 || n > math.MaxUint32 {
		r.fail(at, "schema versions begin at 1", "%s must lie between 1 and %d", key, uint32(math.MaxUint32))
		return 0
	}
	return uint32(n)
}

// placeOf says where in the YAML a mistake is that package catalog found.
func placeOf(types []EventType, e *catalog.DefinitionError) *Error {
	t := &types[e.Place.Type]
	out := &Error{Pos: t.Where(e.Key), Message: e.Err.Error()}
	fields := t.Fields
	if e.Upcaster >= 0 {
		u := &t.Upcasters[e.Upcaster]
		out.Pos, fields = u.Where(e.Key), u.Fields
		if e.Step >= 0 {
			out.Pos = u.Steps[e.Step].where(e.Key)
		}
	}
	var chain *catalog.ChainError
	var twice *catalog.DuplicateTypeError
	switch {
	case e.Field >= 0:
		out.Pos = fields[e.Field].pos
		out.Hint = Closest(strings.TrimPrefix(fields[e.Field].Type, optional), fieldTypes())
	case errors.As(e.Err, &twice):
		first := &types[twice.First]
		out.Message += ", first at " + first.Where("type").String()
		out.Hint = "keep one of the two"
	case errors.As(e.Err, &chain):
		out.Hint = "list one upcaster for each version below the current one, `from: 1` first"
	}
	return out
}

func fieldTypes() []string {
	var names []string
	for _, t := range catalog.FieldTypes() {
		names = append(names, string(t))
	}
	return append(names, forbidden)
}
