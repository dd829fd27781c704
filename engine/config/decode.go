package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// At is embedded in every struct that a YAML mapping is decoded into: it
// remembers where the mapping and its keys stand.
type At struct {
	pos  Pos
	keys map[string]Pos
}

// Where is the place of the value of key or, where the key is absent, of the
// mapping.
func (a At) Where(key string) Pos {
	if p, ok := a.keys[key]; ok {
		return p
	}
	return a.pos
}

// outside reports whether the number at key does not lie between 1 and most. Where the key
// is absent 0 stands for the default.
func (a At) outside(key string, n, most int64) bool {
	return n < 0 || n > most || n == 0 && a.Sets(key)
}

// Sets reports whether key stands in the mapping.
func (a At) Sets(key string) bool {
	_, ok := a.keys[key]
	return ok
}

// nodeDecoder is what a type with a YAML form of its own implements.
type nodeDecoder interface {
	decodeNode(d *decoder, n *yaml.Node)
}

// maxValues bounds what a file's aliases may make of it: a few lines of aliases
// of aliases stand for more than fits into memory.
const maxValues = 100_000

// decoder walks a YAML tree and a Go value side by side, and collects errors.
type decoder struct {
	file   string
	values int
	errs   Errors

	env      Env
	expanded map[*yaml.Node]string // scalars that had variables in them, as they are written
	failed   map[*yaml.Node]bool   // scalars whose variables are wrong
	hidden   []standin
}

func (d *decoder) pos(n *yaml.Node) Pos { return Pos{d.file, n.Line, n.Column} }

func (d *decoder) fail(n *yaml.Node, hint, format string, args ...any) {
	d.errs = append(d.errs, &Error{Pos: d.pos(n), Message: fmt.Sprintf(format, args...), Hint: hint})
}

// decode fills v from n. An alias stands for what it names.
func (d *decoder) decode(n *yaml.Node, v reflect.Value) {
	if d.values++; d.values > maxValues {
		return // Parse tells
	}
	if d.failing(n) {
		if v.Kind() == reflect.String {
			v.SetString("?") // it is given
		}
		return
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if v.CanAddr() {
		if own, ok := v.Addr().Interface().(nodeDecoder); ok {
			own.decodeNode(d, n)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(n, v.Elem())
	case reflect.Struct:
		d.mapping(n, v)
	case reflect.Slice:
		d.sequence(n, v)
	default:
		d.scalar(n, v)
	}
}

// mapping decodes into a struct whose fields carry `yaml` tags. A null stands
// for an empty mapping, so that `log:` alone is enough.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		n = &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column}
	}
	at := At{pos: d.pos(n), keys: map[string]Pos{}}
	if a := v.FieldByName("At"); a.IsValid() {
		a.Set(reflect.ValueOf(at))
	}
	if n.Kind != yaml.MappingNode {
		if short := shortForm(v); short.IsValid() {
			d.decode(n, short)
			return
		}
		d.fail(n, "write `key: value`, one a line", "expected a mapping, found %s", kindOf(n))
		return
	}
	fields := fieldsOf(v)
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.fail(key, "", "expected a key, found %s", kindOf(key))
			continue
		}
		if first, twice := at.keys[key.Value]; twice {
			d.fail(key, "remove one of the two", "key %q is set twice, first for the value at %d:%d", key.Value, first.Line, first.Column)
			continue
		}
		at.keys[key.Value] = d.pos(value)
		field, known := fields[key.Value]
		if !known {
			d.fail(key, nearest(key, fields), "unknown key %q", shown(key.Value))
			d.errs[len(d.errs)-1].within = at.pos
			continue
		}
		d.decode(value, field)
	}
}

func fieldsOf(v reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := field.Tag.Get("yaml")
		switch {
		case name != "" && name != "-":
			fields[name] = v.Field(i)
		case field.Anonymous && name == "":
			maps.Copy(fields, fieldsOf(v.Field(i)))
		}
	}
	return fields
}

// shortForm is the field, tagged short:"yes", that a value which is no mapping is
// of: the zero Value where the struct has none.
func shortForm(v reflect.Value) reflect.Value {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("short") != "" {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func (d *decoder) sequence(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, "write one item a line, each behind a dash", "expected a list, found %s", kindOf(n))
		return
	}
	for _, item := range n.Content {
		mistakes := len(d.errs)
		value := reflect.New(v.Type().Elem()).Elem()
		d.decode(item, value)
		if d.failing(item) {
			continue
		}
		if value.Kind() == reflect.Struct || len(d.errs) == mistakes { // no rule is broken by a text that is none
			v.Set(reflect.Append(v, value))
		}
	}
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value) {
	want := map[reflect.Kind]string{reflect.String: "a text", reflect.Bool: "true or false",
		reflect.Int: "a whole number", reflect.Int64: "a whole number"}[v.Kind()]
	hints := map[reflect.Kind]string{reflect.Bool: "write one of the two, without quotes", reflect.Int: "write digits, without quotes", reflect.Int64: "write digits, without quotes"}
	tags := map[reflect.Kind]string{reflect.String: "!!str", reflect.Bool: "!!bool", reflect.Int: "!!int", reflect.Int64: "!!int"}
	source, expanded := d.expanded[n]
	if expanded && v.Kind() != reflect.String { // in the type that is wanted, with quotes or without
		n = &yaml.Node{Kind: n.Kind, Value: n.Value, Line: n.Line, Column: n.Column}
	}
	tag := n.ShortTag()
	if expanded && tag != tags[v.Kind()] {
		d.fail(n, "set the variable to "+want, "expected %s, and %s stands for something else", want, source)
		return
	}
	if tag == "!!timestamp" { // a text without quotes
		tag = "!!str"
		n = &yaml.Node{Kind: n.Kind, Tag: tag, Value: n.Value, Line: n.Line, Column: n.Column}
	}
	if n.Kind == yaml.ScalarNode && tag == "!!float" && decimal.MatchString(n.Value) && tags[v.Kind()] == "!!int" {
		d.fail(n, "", "the number %s is too large", shown(n.Value))
		return
	}
	if n.Kind == yaml.ScalarNode && tag == "!!int" && !decimal.MatchString(n.Value) && v.Kind() != reflect.String {
		d.fail(n, "write digits alone, without a zero before them", "%s is not read the same everywhere", shown(n.Value))
		return
	}
	if tag != "" && n.Style&yaml.TaggedStyle != 0 && tag != tags[v.Kind()] {
		d.fail(n, "remove the tag", "expected %s, found the tag %s", want, shown(tag))
		return
	}
	if n.Kind != yaml.ScalarNode || tag != tags[v.Kind()] {
		hint := hints[v.Kind()]
		if n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" && v.Kind() == reflect.String {
			hint = fmt.Sprintf("put it in quotes: %q", n.Value)
		}
		d.fail(n, hint, "expected %s, found %s", want, kindOf(n))
		return
	}
	if err := n.Decode(v.Addr().Interface()); err != nil {
		d.fail(n, hints[v.Kind()], "expected %s, found %q", want, n.Value)
	}
}

// decimal is how a whole number is written. YAML 1.1 takes 010 for eight, YAML 1.2 for ten.
var decimal = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "the alias *" + n.Value
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "the boolean " + n.Value
	case "!!int", "!!float":
		return "the number " + shown(n.Value)
	}
	return fmt.Sprintf("the text %q", shown(n.Value))
}

// maxShown is how much of a value an error shows, in letters.
const maxShown = 80

// shown is as much of a value as an error shows.
func shown(value string) string {
	if letters := []rune(value); len(letters) > maxShown {
		return string(letters[:maxShown]) + "…"
	}
	return value
}

// nearest proposes the known key that begins so, or is fewest edits away or,
// where none is near, lists them all.
func nearest(key *yaml.Node, fields map[string]reflect.Value) string {
	if key.Tag == "!!merge" {
		return "keys are not merged: write them out, or name a whole value by *NAME"
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	if len(names) == 0 {
		return "remove it: there are no keys here"
	}
	slices.Sort(names)
	return Closest(key.Value, names)
}

// Closest is a hint: the name that a word was likely meant to be, or all names.
func Closest(word string, names []string) string {
	best, distance := "", len(word)/2+1
	for _, name := range names {
		if word != "" && strings.HasPrefix(name, word) {
			return fmt.Sprintf("did you mean %q?", name)
		}
		if n := editDistance(word, name); n < distance {
			best, distance = name, n
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "known here: " + strings.Join(names, ", ")
}

// editDistance is the Levenshtein distance of two words.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
