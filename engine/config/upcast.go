package config

import (
	"gopkg.in/yaml.v3"

	"github.com/refold-dev/refold/domain/catalog"
)

// Step is one of its fields: a mapping with a single key, the kind of change.
// Fields are named by path, such as spec.cpu.
type Step struct {
	At     `yaml:"-" json:"-"`
	Rename *Rename    `yaml:"rename" json:"rename,omitempty"`
	Add    *Add       `yaml:"add" json:"add,omitempty"`
	Drop   *Drop      `yaml:"drop" json:"drop,omitempty"`
	Move   *Move      `yaml:"move" json:"move,omitempty"`
	Map    *MapValues `yaml:"map" json:"map,omitempty"`
}

// Rename gives a field another name in its place.
type Rename struct {
	At `yaml:"-" json:"-"`
	// Field is the field, and To its new name.
	Field string `yaml:"field" json:"field"`
	To    string `yaml:"to" json:"to"`
	// Optional leaves payloads without the field as they are.
	Optional bool `yaml:"optional" json:"optional,omitempty"`
}

// Add appends a field to payloads that do not have it.
type Add struct {
	At `yaml:"-" json:"-"`
	// Field is the new field, and Default its value.
	Field   string `yaml:"field" json:"field"`
	Default JSON   `yaml:"default" json:"default"`
}

// Drop removes a field.
type Drop struct {
	At `yaml:"-" json:"-"`
	// Field is what is removed.
	Field string `yaml:"field" json:"field"`
}

// Move takes a field out of one object and appends it to another.
type Move struct {
	At `yaml:"-" json:"-"`
	// Field is where it is, and To where it comes.
	Field string `yaml:"field" json:"field"`
	To    string `yaml:"to" json:"to"`
	// Optional leaves payloads without the field as they are.
	Optional bool `yaml:"optional" json:"optional,omitempty"`
}

// MapValues replaces a field's value by what a table says.
type MapValues struct {
	At `yaml:"-" json:"-"`
	// Field has the value.
	Field  string   `yaml:"field" json:"field"`
	Values Mappings `yaml:"values" json:"values"`
	// Default stands in for values that are not in the table; without it they
	// are errors.
	Default JSON `yaml:"default" json:"default,omitempty"`
	// Optional leaves payloads without the field, or with null, as they are.
	Optional bool `yaml:"optional" json:"optional,omitempty"`
}

// Mappings are written as a mapping from old value to new value.
type Mappings []Mapping

// Mapping is one line of Mappings.
type Mapping struct {
	From JSON `json:"from"`
	To   JSON `json:"to"`
}

func (t *Mappings) decodeNode(d *decoder, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "write `old: new`, one a line", "expected a mapping from old to new values, found %s", kindOf(n))
		return
	}
	before := len(d.errs)
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.fail(key, "", "expected a text, a number, true, false or null, found %s", kindOf(key))
			continue
		}
		var m Mapping
		m.From.decodeNode(d, key)
		m.To.decodeNode(d, value)
		*t = append(*t, m)
	}
	if len(d.errs) > before {
		*t = Mappings{{JSON("null"), JSON("null")}} // which later rules have nothing against
	}
}

// where is the place of a key of the step, or of the step.
func (s *Step) where(key string) Pos {
	switch {
	case s.Rename != nil:
		return s.Rename.Where(key)
	case s.Add != nil:
		return s.Add.Where(key)
	case s.Drop != nil:
		return s.Drop.Where(key)
	case s.Move != nil:
		return s.Move.Where(key)
	case s.Map != nil:
		return s.Map.Where(key)
	}
	return s.pos
}

// step translates a step; nil if it has no kind.
func (r *rules) step(s *Step) catalog.Step {
	var kinds []catalog.Step
	if c := s.Rename; c != nil {
		kinds = append(kinds, catalog.Rename{Field: c.Field, To: c.To, Optional: c.Optional})
	}
	if c := s.Add; c != nil {
		kinds = append(kinds, catalog.Add{Field: c.Field, Default: c.Default})
	}
	if c := s.Drop; c != nil {
		kinds = append(kinds, catalog.Drop{Field: c.Field})
	}
	if c := s.Move; c != nil {
		kinds = append(kinds, catalog.Move{Field: c.Field, To: c.To, Optional: c.Optional})
	}
	if c := s.Map; c != nil {
		kinds = append(kinds, c.step())
	}
	if len(kinds) != 1 {
		r.fail(s.pos, "write one of rename, add, drop, move, map, as a mapping with a single key", "a step makes exactly one change, this one makes %d", len(kinds))
	}
	if len(kinds) == 0 {
		return nil
	}
	return kinds[0]
}

func (m *MapValues) step() catalog.Step {
	out := catalog.MapValues{Field: m.Field, Default: m.Default, Optional: m.Optional}
	for _, line := range m.Values {
		out.Values = append(out.Values, catalog.Mapping{From: line.From, To: line.To})
	}
	return out
}
