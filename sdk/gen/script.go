package gen

import (
	"encoding/json"
	"regexp"
	"strings"
)

// scriptTypes are TypeScript's, which JSDoc has too.
var scriptTypes = map[Kind]string{
	Any: "unknown", String: "string", Integer: "number", Number: "number", Boolean: "boolean",
	Array: "unknown[]", Object: "Record<string, unknown>", UUID: "string", Time: "string",
}

var scriptIdent = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

func scriptView(events []Event) (view, error) {
	v := view{}
	taken := reserve("EventType", "Payloads", "Record")
	for _, e := range events {
		shown := eventView{Event: e, Name: taken.take(typeName(e.Type)), Const: scriptKey(e.Type)}
		for _, f := range e.Fields {
			shown.Shown = append(shown.Shown, fieldView{Field: f, Key: scriptKey(f.Name), Type: scriptTypes[f.Kind]})
		}
		v.Events = append(v.Events, shown)
	}
	return v, nil
}

// scriptKey is a property's name, in quotes where it is no identifier. JSON's
// are JavaScript's.
func scriptKey(name string) string {
	if scriptIdent.MatchString(name) {
		return name
	}
	text, err := json.Marshal(name)
	if err != nil {
		panic(err) // a string has a form in JSON
	}
	return strings.ReplaceAll(string(text), "*/", `*\/`) // it may stand in a comment
}
