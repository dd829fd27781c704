package plugincheck

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime/projection"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Vocabulary is what logs are drawn from.
type Vocabulary struct {
	types []eventType
	// lives are events that happened, by aggregate, each in its order.
	lives [][]event.Event
}

// eventType is a type of events that are made up.
type eventType struct {
	name    string
	version uint32
	fields  []field
	// declared is true of a type of the catalog: its events keep to its fields.
	declared bool
}

// field is a field of a payload.
type field struct {
	path     []string
	kind     catalog.FieldType
	bytes    bool // a string in base64
	optional bool
	// seen are values that it had in events that happened.
	seen []json.RawMessage
	// key is true of the field that the projection is keyed by.
	key bool
}

// maxSeen bounds the values that are kept of a field.
const maxSeen = 64

// unknownType is a type that no projection has heard of.
const unknownType = "type_that_nobody_knows"

// NewVocabulary makes the vocabulary of a projection, of events that happened and
// of a catalog's types. Either may be nil.
func NewVocabulary(p *projection.Projection, happened []event.Event, types []config.EventType) *Vocabulary {
	v := &Vocabulary{}
	m := p.Manifest()
	wanted := func(name string) bool { return len(m.Events) == 0 || slices.Contains(m.Events, name) }
	for i := range types {
		if wanted(types[i].Type) {
			v.types = append(v.types, declared(&types[i]))
		}
	}
	seen := v.live(happened, wanted)
	names := slices.Concat(m.Events, slices.Sorted(maps.Keys(seen)))
	if len(v.types) == 0 && len(names) == 0 {
		names = []string{"something_happened", "something_else_happened"}
	}
	if len(m.Events) == 0 {
		names = append(names, unknownType)
	}
	for _, name := range names {
		if !slices.ContainsFunc(v.types, func(t eventType) bool { return t.name == name }) {
			v.types = append(v.types, eventType{name: name, version: 1, fields: guessed(&m, seen[name])})
		}
	}
	v.markKey(p.KeyPath())
	return v
}

// declared is a type of the catalog.
func declared(t *config.EventType) eventType {
	out := eventType{name: t.Type, version: uint32(max(1, t.Version)), declared: true}
	for _, f := range t.Fields.Declared() {
		if f.Presence != catalog.Forbidden {
			out.fields = append(out.fields, field{path: []string{f.Name}, kind: f.Type, optional: f.Presence == catalog.Optional})
		}
	}
	return out
}

// guessed are the fields that a type may have: those that the manifest asks for
// and those that were seen.
func guessed(m *manifest.Manifest, seen map[string]*field) []field {
	var list []field
	for _, f := range m.Fields {
		out := field{path: strings.Split(f.Path, "."), kind: kindOf[f.Type], bytes: f.Type == manifest.Bytes, optional: true}
		if s := seen[f.Path]; s != nil {
			out.seen = s.seen
		}
		list = append(list, out)
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if !slices.ContainsFunc(m.Fields, func(f manifest.Field) bool { f.Path, _, _ = strings.Cut(f.Path, "."); return f.Path == name }) {
			list = append(list, *seen[name])
		}
	}
	return list
}

// kindOf is the type of JSON that a manifest's field is of.
var kindOf = map[manifest.FieldType]catalog.FieldType{
	manifest.Bool: catalog.BooleanType, manifest.I64: catalog.IntegerType, manifest.F64: catalog.NumberType,
	manifest.String: catalog.StringType, manifest.Bytes: catalog.StringType,
	manifest.UUID: catalog.UUIDType, manifest.Time: catalog.TimeType,
}

// live takes the events that are wanted, and returns the fields that they have, by
// type and name.
func (v *Vocabulary) live(happened []event.Event, wanted func(string) bool) map[string]map[string]*field {
	seen := map[string]map[string]*field{}
	at := map[event.Aggregate]int{}
	for i := range happened {
		e := &happened[i]
		if !wanted(e.Type) {
			continue
		}
		n, known := at[e.Aggregate]
		if !known {
			n = len(v.lives)
			at[e.Aggregate] = n
			v.lives = append(v.lives, nil)
		}
		v.lives[n] = append(v.lives[n], *e)
		if seen[e.Type] == nil {
			seen[e.Type] = map[string]*field{}
		}
		note(seen[e.Type], e.Data)
	}
	return seen
}

// note takes over the values of a payload.
func note(fields map[string]*field, data json.RawMessage) {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return
	}
	for name, value := range members {
		f := fields[name]
		if f == nil {
			f = &field{path: []string{name}, kind: kindOfValue(value), optional: true}
			fields[name] = f
		}
		if len(f.seen) < maxSeen {
			f.seen = append(f.seen, value)
		}
	}
}

func kindOfValue(value json.RawMessage) catalog.FieldType {
	switch value[0] {
	case '"':
		return catalog.StringType
	case 't', 'f':
		return catalog.BooleanType
	case '{':
		return catalog.ObjectType
	case '[':
		return catalog.ArrayType
	case 'n':
		return catalog.AnyType
	}
	return catalog.NumberType
}

// markKey makes each type have the field that the projection is keyed by, as far
// as it may.
func (v *Vocabulary) markKey(path string) {
	if path == "" {
		return
	}
	for i := range v.types {
		t := &v.types[i]
		at := slices.IndexFunc(t.fields, func(f field) bool { return strings.Join(f.path, ".") == path })
		switch {
		case at >= 0:
			t.fields[at].key = true
		case !t.declared:
			t.fields = append(t.fields, field{path: strings.Split(path, "."), kind: catalog.StringType, optional: true, key: true})
		}
	}
}
