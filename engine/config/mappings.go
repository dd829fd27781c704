package config

import (
	"reflect"

	"gopkg.in/yaml.v3"
)

// Keys are written as a mapping from collection to the columns of its primary key.
type Keys []Key

// Key is a collection's.
type Key struct {
	Collection string   `json:"collection"`
	Columns    []string `json:"columns"`
	pos        Pos
}

func (k *Keys) decodeNode(d *decoder, n *yaml.Node) {
	d.named(n, "a mapping from collection to columns", "write `collection: [column]`, one a line", "collection %q is there twice", func(name string, value *yaml.Node) {
		key := Key{Collection: name, pos: d.pos(value)}
		d.decode(value, reflect.ValueOf(&key.Columns).Elem())
		*k = append(*k, key)
	})
}

// Map is the keys by collection.
func (k Keys) Map() map[string][]string {
	m := make(map[string][]string, len(k))
	for _, key := range k {
		m[key.Collection] = key.Columns
	}
	return m
}

// Texts are written as a mapping from name to text.
type Texts []Text

// Text is one of them.
type Text struct {
	Name string `json:"name"`
	Text string `json:"text"`
	pos  Pos
}

func (t *Texts) decodeNode(d *decoder, n *yaml.Node) {
	d.named(n, "a mapping from name to text", "write `name: text`, one a line", "%q is there twice", func(name string, value *yaml.Node) {
		text := Text{Name: name, pos: d.pos(value)}
		d.decode(value, reflect.ValueOf(&text.Text).Elem())
		*t = append(*t, text)
	})
}

// Map is the texts by name.
func (t Texts) Map() map[string]string {
	m := make(map[string]string, len(t))
	for _, text := range t {
		m[text.Name] = text.Text
	}
	return m
}

// Numbers are written as a mapping from name to number.
type Numbers []Number

// Number is one of them.
type Number struct {
	Name   string `json:"name"`
	Number int    `json:"number"`
	pos    Pos
}

func (v *Numbers) decodeNode(d *decoder, n *yaml.Node) {
	d.named(n, "a mapping from name to number", "write `name: 1`, one a line", "%q is there twice", func(name string, value *yaml.Node) {
		number := Number{Name: name, pos: d.pos(value)}
		d.decode(value, reflect.ValueOf(&number.Number).Elem())
		*v = append(*v, number)
	})
}

// named walks a mapping whose keys are names of the user's. twice says what one is
// that is there a second time.
func (d *decoder) named(n *yaml.Node, expected, hint, twice string, each func(name string, value *yaml.Node)) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		d.fail(n, hint, "expected %s, found %s", expected, kindOf(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			d.fail(key, "", "expected a name, found %s", kindOf(key))
			continue
		case seen[key.Value]:
			d.fail(key, "remove one of the two", twice, key.Value)
			continue
		}
		seen[key.Value] = true
		each(key.Value, value)
	}
}
