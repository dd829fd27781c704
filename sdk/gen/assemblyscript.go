package gen

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// assemblyScriptTypes are a field's type, how it is read of a Json, and what it
// is before. What is a class may be null.
var assemblyScriptTypes = map[Kind]struct{ name, read, zero string }{
	Any:     {"Json", "", ""},
	String:  {"string", ".text()", `""`},
	Integer: {"i64", ".int()", "0"},
	Number:  {"f64", ".float()", "0"},
	Boolean: {"bool", ".bool()", "false"},
	Array:   {"Json[]", ".items()", "[]"},
	Object:  {"Json", "", ""},
	UUID:    {"string", ".text()", `""`},
	Time:    {"string", ".text()", `""`},
}

var (
	assemblyScriptClasses = strings.Fields(`Array ArrayBuffer Boolean DataView Date Error Event Function Json JsonKind Map Math
		Number Object RegExp Set State String Symbol EventTypes`)
	assemblyScriptWords = strings.Fields(`abstract as async await break case catch class const continue debugger declare default
		delete do else enum export extends false finally for from function get if implements import in instanceof interface is
		keyof let module namespace new null of operator package private protected public readonly return set static super switch
		this throw true try type typeof var void while with yield constructor read bool i8 i16 i32 i64 isize u8 u16 u32 u64
		usize f32 f64 v128 string any`)
)

func assemblyScriptView(events []Event) (view, error) {
	v := view{}
	taken := reserve(assemblyScriptClasses...)
	for _, e := range events {
		shown := eventView{Event: e, Name: taken.take(typeName(e.Type)), Const: taken.take(upperName(e.Type)), VersionConst: taken.take(upperName(e.Type) + "_VERSION")}
		fields := names{}
		for _, f := range e.Fields {
			key, ok := assemblyScriptKey(f.Name)
			if !ok {
				shown.Absent = append(shown.Absent, strconv.QuoteToASCII(f.Name))
				continue
			}
			shown.Shown = append(shown.Shown, assemblyScriptField(f, key, fields))
		}
		v.Events = append(v.Events, shown)
	}
	return v, nil
}

func assemblyScriptField(f Field, key string, taken names) fieldView {
	ident := camelName(f.Name)
	if slices.Contains(assemblyScriptWords, ident) {
		ident += "_"
	}
	t := assemblyScriptTypes[f.Kind]
	field := fieldView{Field: f, Ident: taken.take(ident), Key: key, Type: t.name, Zero: t.zero, Read: t.read}
	number := slices.Contains([]Kind{Integer, Number, Boolean}, f.Kind)
	switch {
	case f.Optional && number:
		field.Has = taken.take("has" + typeName(f.Name))
	case f.Optional || t.zero == "":
		field.Type, field.Zero = t.name+" | null", "null"
	}
	return field
}

// assemblyScriptKey is a name as a literal; ok is false for one that Json.get
// would take for a path.
func assemblyScriptKey(name string) (literal string, ok bool) {
	text, err := json.Marshal(name)
	return string(text), err == nil && isName(name)
}

// camelName is mixedCaps.
func camelName(name string) string {
	list := words(name)
	return list[0] + strings.TrimPrefix(typeName(name), strings.ToUpper(list[0][:1])+list[0][1:])
}
