package config

import (
	"reflect"

	"gopkg.in/yaml.v3"
)

// Filter lets only some effects through to another executor: those that satisfy
// all of its conditions. A condition that is not given, or is about effects of
// other kinds, is satisfied.
type Filter struct {
	At `yaml:"-" json:"-"`
	// Kinds are kinds of effects, such as "insert".
	Kinds Names `yaml:"kinds" json:"kinds,omitempty"`
	// Level is the least level of Log effects, such as "warn".
	Level string `yaml:"level" json:"level,omitempty"`
	// Collections are those that Insert, Update and Delete effects name.
	Collections Names `yaml:"collections" json:"collections,omitempty"`
	// Events are the types of the events of EmitEvent effects.
	Events Names `yaml:"events" json:"events,omitempty"`
	// Executor gets what is let through. It may be a filter.
	Executor *Executor `yaml:"executor" json:"executor"`
}

// Collect keeps effects in memory, for whoever embeds the engine or runs it once.
type Collect struct {
	At `yaml:"-" json:"-"`
	// Limit is how many effects are kept; 0 means the default.
	Limit int `yaml:"limit" json:"limit,omitempty"`
}

// Null discards effects.
type Null struct {
	At `yaml:"-" json:"-"`
}

// Names are a list that, where it is given, has at least one item.
type Names []string

func (l *Names) decodeNode(d *decoder, n *yaml.Node) {
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		d.fail(n, "name at least one, or remove the key", "the list is empty")
		return
	}
	d.sequence(n, reflect.ValueOf(l).Elem())
}

// Kind is the executor's kind, as in YAML.
func (e *Executor) Kind() string {
	if _, set := e.kinds(); len(set) > 0 {
		return set[0]
	}
	return ""
}

// Innermost is the executor itself or, of a filter, the one behind it and behind
// all filters that follow; nil where there is none.
func (e *Executor) Innermost() *Executor {
	for e != nil && e.Filter != nil {
		e = e.Filter.Executor
	}
	return e
}

// kinds are the names of all kinds there are, and of those that are set: one, in
// a sound declaration.
func (e *Executor) kinds() (known, set []string) {
	v := reflect.ValueOf(e).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		if v.Field(i).Kind() != reflect.Pointer {
			continue
		}
		known = append(known, name)
		if !v.Field(i).IsNil() {
			set = append(set, name)
		}
	}
	return known, set
}
