package gen

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var zigTypes = map[Kind]string{
	Any: "refold.json.Value", String: "[]const u8", Integer: "i64", Number: "f64", Boolean: "bool",
	Array: "[]const refold.json.Value", Object: "refold.json.Value", UUID: "refold.Uuid", Time: "refold.Time",
}

var (
	zigIdent    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	zigKeywords = strings.Fields(`_ addrspace align allowzero and anyframe anytype asm async await break callconv catch comptime
		const continue defer else enum errdefer error export extern fn for if inline linksection noalias noinline nosuspend
		opaque or orelse packed pub resume return struct suspend switch test threadlocal try union unreachable usingnamespace
		var volatile while`)
)

func zigView(events []Event) (view, error) {
	v := view{}
	taken := reserve("Payload", "refold")
	for _, e := range events {
		version := taken.take(snakeName(e.Type) + "_version")
		shown := eventView{Event: e, Name: taken.take(typeName(e.Type)), Const: zigField(e.Type), VersionConst: version}
		for _, f := range e.Fields {
			if f.Name == "" || strings.ContainsRune(f.Name, 0) {
				shown.Absent = append(shown.Absent, strconv.QuoteToASCII(f.Name))
				continue
			}
			field := fieldView{Field: f, Ident: zigField(f.Name), Type: zigTypes[f.Kind]}
			if f.Optional {
				field.Type, field.Zero = "?"+field.Type, " = null"
			}
			shown.Shown = append(shown.Shown, field)
		}
		v.Events = append(v.Events, shown)
	}
	return v, nil
}

// zigField is the identifier of a name: any text, in quotation marks where it must.
func zigField(name string) string {
	if zigIdent.MatchString(name) && !slices.Contains(zigKeywords, name) {
		return name
	}
	var b strings.Builder
	b.WriteString(`@"`)
	for _, r := range name {
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
