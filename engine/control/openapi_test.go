package control

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/invopop/jsonschema"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/job"
)

var update = flag.Bool("update", false, "write the OpenAPI document anew")

// The document is what the table of verbs and the types of bodies make it.
func TestOpenAPI(t *testing.T) {
	want := openAPIOf(t)
	const path = "openapi.json"
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the verbs make it, %v: run go test ./engine/control -run TestOpenAPI -update", path, err)
	}
}

// The guide lists all verbs.
func TestGuideOfVerbs(t *testing.T) {
	guide, err := os.ReadFile("../../docs/API.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for i := range verbs {
		v := &verbs[i]
		subject := "`" + v.name + "`"
		if v.do == nil {
			subject = "none"
		}
		fmt.Fprintf(&table, "| `%s %s` | %s | %s | %s |\n", v.method, v.path, v.right, subject, v.about)
	}
	if !strings.Contains(string(guide), "|---|---|---|---|\n"+table.String()+"\n") {
		t.Errorf("docs/API.md does not have this table:\n%s", &table)
	}
}

// object is a part of the document.
type object = map[string]any

// describer makes the document.
type describer struct {
	reflector *jsonschema.Reflector
	schemas   object
	t         *testing.T
}

const schemaRef = "#/components/schemas/"

func openAPIOf(t *testing.T) []byte {
	d := &describer{schemas: object{}, t: t, reflector: &jsonschema.Reflector{
		Anonymous: true, AllowAdditionalProperties: true, Mapper: wellKnown, Namer: nameOf,
	}}
	for _, dir := range []string{"../../engine", "../../domain/event"} {
		if err := d.reflector.AddGoComments("github.com/refold-dev/refold/engine/control", dir); err != nil {
			t.Fatal(err)
		}
	}
	d.schema(reflect.TypeFor[engine.Page]()) // is one of two that an answer may be
	paths := object{}
	for i := range verbs {
		of, ok := paths[verbs[i].path].(object)
		if !ok {
			of = object{}
			paths[verbs[i].path] = of
		}
		of[strings.ToLower(verbs[i].method)] = d.operation(&verbs[i])
	}
	for _, w := range watches {
		responses := object{"default": object{"$ref": "#/components/responses/Error"}}
		if w.answers == nil {
			responses["200"] = object{"description": "The answer.", "content": object{"text/plain": object{"schema": object{"type": "string"}}}}
		} else {
			content := object{mediaJSON: object{"schema": d.schema(w.answers)}}
			responses["200"] = object{"description": "It is so.", "content": content}
			responses["503"] = object{"description": "It is not, and why.", "content": content}
		}
		paths[w.path] = object{"get": object{"operationId": strings.Trim(w.path, "/"), "tags": []string{"monitor"}, "summary": w.about, "x-refold-right": Read, "responses": responses}}
	}
	text, err := json.MarshalIndent(d.document(paths), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

func (d *describer) document(paths object) object {
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "Refold control API", "version": "1",
			"description": "How other processes ask a running engine. An object in an answer may have more than is said here in a later version: ignore what you do not know.",
			"license":     object{"name": "Apache-2.0", "identifier": "Apache-2.0"}},
		"servers":  []object{{"url": "http://127.0.0.1:7461"}},
		"security": []object{{"token": []string{}}, {"certificate": []string{}}},
		"paths":    paths,
		"components": object{
			"schemas": d.schemas,
			"responses": object{"Error": object{"description": "What is wrong. 400: the request; 401: the token; 403: its rights; 404: there is no such thing; 405: the method, and Allow says which are taken; 409: what the state of a pipeline or a job does not allow.",
				"content": object{mediaJSON: object{"schema": d.schema(reflect.TypeFor[errorBody]())}}}},
			"securitySchemes": object{
				"token":       object{"type": "http", "scheme": "bearer"},
				"certificate": object{"type": "mutualTLS"},
			},
		},
	}
}

func (d *describer) operation(v *verb) object {
	group, _, _ := strings.Cut(v.name, ".")
	op := object{
		"operationId": v.name, "tags": []string{group}, "summary": v.about, "x-refold-right": v.right,
		"responses": object{
			"200":     object{"description": forms[v.media], "content": object{v.media: object{"schema": d.schema(v.answers)}}},
			"default": object{"$ref": "#/components/responses/Error"},
		},
	}
	var parameters []object
	for i := range v.asks.NumField() {
		f := v.asks.Field(i)
		in := f.Tag.Get("in")
		switch in {
		case "body":
			op["requestBody"] = object{"required": f.Tag.Get("need") != "", "content": object{mediaJSON: object{"schema": d.schema(f.Type)}}}
		case "path", "query", "header":
			p := object{"name": jsonName(f), "in": in, "required": in == "path" || !strings.Contains(string(f.Tag), ",omit"), "schema": d.schema(f.Type)}
			if about := f.Tag.Get("about"); about != "" {
				p["description"] = about
			}
			parameters = append(parameters, p)
		}
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	return op
}

var forms = map[string]string{
	mediaJSON: "The answer.", mediaLines: "One of these a line. An error that comes later is the last line.", mediaEvents: "The data of an event.",
}

// wellKnown are types that JSON has as something else than Go.
func wellKnown(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[uuid.UUID]():
		return &jsonschema.Schema{Type: "string", Format: "uuid"}
	case reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[stateAnswer]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Ref: schemaRef + "Page"}, {Description: "any JSON"}}}
	case reflect.TypeFor[json.RawMessage]():
		return &jsonschema.Schema{Description: "any JSON"}
	}
	return nil
}

// nameOf is a type's among the schemas.
func nameOf(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[errorBody]():
		return "Error"
	case t.Name() == "":
		return ""
	case t != reflect.TypeFor[job.Job]() && t.PkgPath() == reflect.TypeFor[job.Job]().PkgPath():
		return "Job" + t.Name() // pipelines have the like
	}
	return strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
}

// schema is a type's; those that have a name are among the components.
func (d *describer) schema(t reflect.Type) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	text, err := json.Marshal(d.reflector.ReflectFromType(t))
	if err != nil {
		d.t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("#/$defs/"), []byte(schemaRef))
	var s object
	if err := json.Unmarshal(text, &s); err != nil {
		d.t.Fatal(err)
	}
	delete(s, "$schema")
	if defs, ok := s["$defs"].(object); ok {
		for name, def := range defs {
			d.schemas[name] = def
		}
		delete(s, "$defs")
	}
	return s
}
