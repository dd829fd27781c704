package gen

import (
	"strconv"
	"strings"
	"unicode"
)

var goTypes = map[Kind]string{
	Any: "json.RawMessage", String: "string", Integer: "int64", Number: "float64", Boolean: "bool",
	Array: "[]json.RawMessage", Object: "map[string]json.RawMessage", UUID: "string", Time: "time.Time",
}

func goView(events []Event) (view, error) {
	v := view{}
	taken := reserve("Decode", "EventTypes")
	for _, e := range events {
		shown := eventView{Event: e, Name: taken.take(goName(e.Type))}
		shown.Const = taken.take("Type" + shown.Name)
		shown.VersionConst = taken.take(shown.Name + "Version")
		fields := names{}
		for _, f := range e.Fields {
			key, ok := goTag(f)
			if !ok {
				key = strconv.Quote(f.Name)
			}
			v.HasTime = v.HasTime || f.Kind == Time
			shown.Shown = append(shown.Shown, fieldView{Field: f, Odd: !ok, Ident: fields.take(goName(f.Name)), Key: key, Type: goType(f)})
		}
		v.Events = append(v.Events, shown)
	}
	return v, nil
}

// goType is a pointer where nothing else says that a field is absent.
func goType(f Field) string {
	switch f.Kind {
	case Any, Array, Object:
		return goTypes[f.Kind]
	}
	if f.Optional {
		return "*" + goTypes[f.Kind]
	}
	return goTypes[f.Kind]
}

// goTag is a field's tag, as Go source; ok is false for a name that no tag of
// encoding/json can hold.
func goTag(f Field) (tag string, ok bool) {
	for _, r := range f.Name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return "", false
		}
	}
	name := f.Name
	switch {
	case f.Optional:
		name += ",omitempty"
	case name == "-":
		name += ","
	}
	return "`json:" + strconv.Quote(name) + "`", true
}
