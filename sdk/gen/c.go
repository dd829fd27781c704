package gen

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/refold-dev/refold/sdk/manifest"
)

// slotView is a field of one or more types of events.
type slotView struct {
	Const string
	Path  string
	Type  manifest.FieldType
	Kinds string // what it is in which events, for a comment
}

// slotTypes are the types of slots. What is none of them arrives as JSON text.
var slotTypes = map[Kind]manifest.FieldType{
	Any: manifest.String, String: manifest.String, Integer: manifest.I64, Number: manifest.F64, Boolean: manifest.Bool,
	Array: manifest.String, Object: manifest.String, UUID: manifest.UUID, Time: manifest.Time,
}

func cView(events []Event) (view, error) {
	v := view{}
	taken := reserve("EVENT_COUNT", "FIELD_COUNT", "EVENTS_JSON", "FIELDS_JSON")
	types := make([]string, len(events))
	for i, e := range events {
		name := upperName(e.Type)
		shown := eventView{Event: e, Const: taken.take("EVENT_" + name), VersionConst: taken.take(name + "_VERSION")}
		for _, f := range e.Fields {
			if !isName(f.Name) {
				shown.Absent = append(shown.Absent, cComment(f.Name))
			}
		}
		v.Events = append(v.Events, shown)
		types[i] = e.Type
	}
	v.Slots = slots(events, taken)
	if len(v.Slots) > manifest.MaxFields {
		return v, fmt.Errorf("the events have %d different fields, and a manifest holds %d: name fewer events", len(v.Slots), manifest.MaxFields)
	}
	fields := make([]manifest.Field, len(v.Slots))
	for i, s := range v.Slots {
		fields[i] = manifest.Field{Path: s.Path, Type: s.Type}
	}
	v.Types, v.Paths = cJSON(types), cJSON(fields)
	return v, nil
}

// slots are the fields of all events, each once.
func slots(events []Event, taken names) []slotView {
	var list []slotView
	index := map[string]int{}
	for _, e := range events {
		for _, f := range e.Fields {
			if !isName(f.Name) {
				continue
			}
			i, seen := index[f.Name]
			if !seen {
				i = len(list)
				index[f.Name] = i
				list = append(list, slotView{Const: taken.take("FIELD_" + upperName(f.Name)), Path: f.Name, Type: slotTypes[f.Kind]})
			}
			s := &list[i]
			s.Type = common(s.Type, slotTypes[f.Kind])
			if seen {
				s.Kinds += ", "
			}
			s.Kinds += string(f.Kind) + " in " + cComment(e.Type)
		}
	}
	return list
}

// common is the type of a slot that is of two in different events: any value
// that is of another type keeps its own.
func common(a, b manifest.FieldType) manifest.FieldType {
	if a != b && (a == manifest.F64 || b == manifest.F64) && (a == manifest.I64 || b == manifest.I64) {
		return manifest.F64
	}
	if a != b {
		return manifest.String
	}
	return a
}

// isName reports whether a field's name is a path of one name.
func isName(name string) bool { return name != "" && !strings.Contains(name, ".") }

// cJSON is a value as JSON in a string literal of C.
func cJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a list of strings has a form in JSON
	}
	return cString(string(text))
}

// cString is a literal of C: what is no plain ASCII becomes octal, which ends
// after three digits whatever follows. A question mark must not begin a trigraph.
func cString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~' || c == '?':
			fmt.Fprintf(&b, "\\%03o", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// cComment is a name that ends no comment, and no line of one.
func cComment(name string) string {
	quoted := strconv.QuoteToASCII(name)
	if strings.Contains(quoted, `\`) || strings.ContainsAny(quoted, " */") {
		return strings.ReplaceAll(strings.ReplaceAll(quoted, "*/", "* /"), "/*", "/ *")
	}
	return name
}
