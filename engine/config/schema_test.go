package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/catalog"
)

const schemaFile = "../../configs/refold.schema.json"

type schema = map[string]any

// specials are the types with a YAML of their own.
var specials = map[reflect.Type]schema{
	reflect.TypeFor[Columns]():   {"type": "object", "minProperties": 1, "additionalProperties": text(schema{"enum": columnTypes})},
	reflect.TypeFor[Fields]():    {"type": "object", "additionalProperties": text(schema{"pattern": fieldType()})},
	reflect.TypeFor[Duration]():  text(schema{"pattern": `^-?([0-9.]+(ns|us|µs|ms|s|m|h))+$`}),
	reflect.TypeFor[Share]():     {"type": "number", "minimum": 0, "maximum": 1},
	reflect.TypeFor[Size]():      text(schema{"pattern": `^[0-9]+ *(KiB|MiB|GiB|TiB)$`}),
	reflect.TypeFor[JSON]():      {},
	reflect.TypeFor[Names]():     {"type": "array", "minItems": 1, "items": schema{"type": "string"}},
	reflect.TypeFor[Keys]():      {"type": "object", "additionalProperties": schema{"type": "array", "minItems": 1, "items": schema{"type": "string"}}},
	reflect.TypeFor[Texts]():     {"type": "object", "additionalProperties": schema{"type": "string"}},
	reflect.TypeFor[Numbers]():   {"type": "object", "additionalProperties": scalar(schema{"type": "integer", "minimum": 1})},
	reflect.TypeFor[Mappings]():  {"type": "object"},
	reflect.TypeFor[Include]():   {"type": "string", "minLength": 1},
	reflect.TypeFor[SecretURL](): {"type": "string", "minLength": 1},
}

func fieldType() string {
	var names []string
	for _, t := range catalog.FieldTypes() {
		names = append(names, string(t))
	}
	return "^((" + optional + ")?(" + strings.Join(names, "|") + ")|" + forbidden + ")$"
}

// scalar is a value that may also be a variable of the environment.
func scalar(s schema) schema { return schema{"anyOf": []schema{s, {"$ref": "#/$defs/variable"}}} }

func text(s schema) schema {
	s["type"] = "string"
	return scalar(s)
}

// makeSchema is the JSON Schema of a configuration.
func makeSchema(t *testing.T) []byte {
	c := readComments(t)
	defs := schema{"variable": schema{"type": "string", "pattern": `\$\{`, "description": "A variable of the environment: ${NAME}, ${NAME:-default} or ${NAME:?message}."}}
	for _, s := range c.reachable(reflect.TypeFor[Config]()) {
		defs[s.Name()] = c.schemaOf(s)
	}
	root := schema{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://refold.dev/refold.schema.json",
		"title": "A configuration of Refold", "$ref": "#/$defs/Config", "$defs": defs,
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// schemaOf is a struct's mapping: what stands for nothing is one without keys.
func (c comments) schemaOf(t reflect.Type) schema {
	d := c.describe(t)
	properties, required := schema{}, []string{}
	for _, key := range d.keys {
		property := c.propertyOf(key.typ)
		if key.text != "" {
			property["description"] = key.text
		}
		r := about[key.path()]
		if r.required {
			required = append(required, key.name)
		}
		if r.schema != nil {
			property = schema{"description": key.text, "anyOf": []schema{r.schema, {"$ref": "#/$defs/variable"}}}
		}
		if r.value != nil {
			property["default"] = r.value
		}
		properties[key.name] = property
	}
	s := schema{"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["type"], s["required"] = "object", required
	}
	if keys := oneOf[d.name]; keys != nil {
		var each []schema
		for _, key := range keys {
			each = append(each, schema{"required": []string{key}})
		}
		s["type"], s["oneOf"] = "object", each
	}
	if d.short != nil {
		s = schema{"anyOf": []schema{s, c.propertyOf(d.short.Type)}}
	}
	s["description"] = d.text
	return s
}

func (c comments) propertyOf(t reflect.Type) schema {
	if special, ok := specials[t]; ok {
		copied := schema{}
		for key, value := range special {
			copied[key] = value
		}
		return copied
	}
	if of := named(t); of != nil {
		return schema{"type": "object", "additionalProperties": c.propertyOf(of)}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return c.propertyOf(t.Elem())
	case reflect.Slice:
		return schema{"type": "array", "items": c.propertyOf(t.Elem())}
	case reflect.Struct:
		return schema{"$ref": "#/$defs/" + t.Name()}
	case reflect.Bool:
		return scalar(schema{"type": "boolean"})
	case reflect.Int, reflect.Int64:
		return scalar(schema{"type": "integer"})
	case reflect.Float64:
		return scalar(schema{"type": "number"})
	}
	return schema{"type": "string"}
}

// current compares a file that is made of the types with what is made of them now.
func current(t *testing.T, path string, want []byte) {
	t.Helper()
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		a, b := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("%s is out of date: run `go test ./engine/config -update`\nline %d is\n%s\nwant\n%s", path, i+1, a[i], b[i])
			}
		}
		t.Fatalf("%s is out of date: run `go test ./engine/config -update`", path)
	}
}

func TestSchemaIsCurrent(t *testing.T) { current(t, schemaFile, makeSchema(t)) }

// An executor has each kind that there is.
func TestSchemaHasAllKinds(t *testing.T) {
	known, _ := (&Executor{}).kinds()
	if !slices.Equal(known, kindKeys(reflect.TypeFor[Executor]())) {
		t.Errorf("the kinds are %q", known)
	}
}

// kindKeys are the keys of which exactly one is given.
func kindKeys(t reflect.Type) (list []string) {
	for i := range t.NumField() {
		if t.Field(i).Type.Kind() == reflect.Pointer {
			list = append(list, t.Field(i).Tag.Get("yaml"))
		}
	}
	return list
}
