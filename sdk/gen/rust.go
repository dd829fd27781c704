package gen

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var rustTypes = map[Kind]string{
	Any: "Json", String: "String", Integer: "i64", Number: "f64", Boolean: "bool",
	Array: "Vec<Json>", Object: "Json", UUID: "refold::Uuid", Time: "refold::Time",
}

var (
	rustIdent    = regexp.MustCompile(`^([A-Za-z]|_[A-Za-z0-9_])[A-Za-z0-9_]*$`)
	rustKeywords = strings.Fields(`as async await break const continue dyn else enum extern false fn for if impl in let loop
		match mod move mut pub ref return static struct trait true type unsafe use where while abstract become box do final
		gen macro override priv try typeof unsized virtual yield`)
	rustNeverIdents = []string{"self", "Self", "super", "crate"}
)

func rustView(events []Event) (view, error) {
	v := view{}
	taken := reserve("Json", "Payload", "Self", "String", "Vec", "Option", "Result")
	for _, e := range events {
		shown := eventView{Event: e, Name: taken.take(typeName(e.Type)), VersionConst: taken.take(upperName(e.Type) + "_VERSION")}
		idents := rustFields(e.Fields)
		for i, f := range e.Fields {
			_, usual := rustField(f.Name)
			kind := rustTypes[f.Kind]
			v.HasJSON = v.HasJSON || strings.Contains(kind, "Json")
			if f.Optional {
				kind = "Option<" + kind + ">"
			}
			shown.Shown = append(shown.Shown, fieldView{Field: f, Odd: !usual, Ident: idents[i], Key: rustString(f.Name), Type: kind})
		}
		v.Events = append(v.Events, shown)
	}
	return v, nil
}

// rustFields are the fields' identifiers: their names where these are some.
func rustFields(fields []Field) []string {
	idents := make([]string, len(fields))
	taken := reserve(rustNeverIdents...)
	for i, f := range fields {
		if ident, ok := rustField(f.Name); ok {
			idents[i] = taken.take(ident)
		}
	}
	for i, f := range fields {
		if idents[i] != "" {
			continue
		}
		ident := snakeName(f.Name)
		if slices.Contains(rustKeywords, ident) || slices.Contains(rustNeverIdents, ident) {
			ident += "_"
		}
		idents[i] = taken.take(ident)
	}
	return idents
}

// rustString is a literal of Rust.
func rustString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r > '~':
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// rustField is the identifier whose name in JSON is a field's: record! knows no
// other way.
func rustField(name string) (ident string, ok bool) {
	if !rustIdent.MatchString(name) || slices.Contains(rustNeverIdents, name) {
		return "", false
	}
	if slices.Contains(rustKeywords, name) {
		return "r#" + name, true
	}
	return name, true
}
