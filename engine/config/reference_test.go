package config

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

const (
	guideFile  = "../../docs/CONFIG.md"
	guideBegin = "<!-- The tables below are made of the types in engine/config by `go test ./engine/config -update`. -->\n"
)

// TestGuideIsCurrent: the tables in docs/CONFIG.md are those of the types.
func TestGuideIsCurrent(t *testing.T) {
	got, err := os.ReadFile(guideFile)
	if err != nil {
		t.Fatal(err)
	}
	prose, _, found := strings.Cut(string(got), guideBegin)
	if !found {
		t.Fatalf("%s has no line\n%s", guideFile, guideBegin)
	}
	g := guide{comments: readComments(t), titles: map[string]string{}}
	g.sections(reflect.TypeFor[Config](), "")
	current(t, guideFile, []byte(prose+guideBegin+g.out.String()))
}

// guide writes a section for each mapping of the YAML.
type guide struct {
	comments comments
	titles   map[string]string // of types that have a section
	out      bytes.Buffer
}

// sections writes that of a type, and those below it that there are not yet.
func (g *guide) sections(t reflect.Type, path string) {
	t = element(t)
	if _, told := g.titles[t.Name()]; told || t.Kind() != reflect.Struct || isSpecial(t) {
		return
	}
	title := path
	if title == "" {
		title = "The whole file"
	}
	g.titles[t.Name()] = title
	d := g.comments.describe(t)
	rest := g.out
	g.out = bytes.Buffer{}
	fmt.Fprintf(&g.out, "\n## %s\n\n%s", title, d.text)
	if d.short != nil {
		fmt.Fprintf(&g.out, " What is no mapping is taken for %s.", g.shortOf(&d))
	}
	g.out.WriteString("\n")
	own := g.out
	g.out = bytes.Buffer{}
	for _, key := range d.keys { // first, so that there are titles to refer to
		g.sections(key.typ, strings.TrimPrefix(path+"."+key.name, "."))
	}
	below := g.out
	g.out = rest
	g.out.Write(own.Bytes())
	if len(d.keys) > 0 {
		g.out.WriteString("\n| key | value | default | |\n|---|---|---|---|\n")
	}
	for _, key := range d.keys {
		fmt.Fprintf(&g.out, "| `%s` | %s | %s | %s |\n", key.name, g.valueOf(&key), defaultOf(&key), cell(key.text))
	}
	g.out.Write(below.Bytes())
}

func (g *guide) shortOf(d *described) string {
	if key := d.short.Tag.Get("yaml"); key != "-" {
		return "`" + key + "`"
	}
	return "the text itself"
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func defaultOf(key *describedKey) string {
	r := about[key.path()]
	switch {
	case r.required:
		return "**needed**"
	case r.value != nil:
		return fmt.Sprintf("`%v`", r.value)
	}
	return cell(r.absent)
}

// valueOf says what may stand behind a key.
func (g *guide) valueOf(key *describedKey) string {
	s := about[key.path()].schema
	if words, ok := s["enum"].([]string); ok {
		return "`" + strings.Join(words, "`, `") + "`"
	}
	if least, ok := s["minimum"].(int64); ok {
		if most := s["maximum"].(int64); most < 1<<31-1 || most > 1<<31 {
			return fmt.Sprintf("number, %d to %d", least, most)
		}
		return fmt.Sprintf("number, from %d", least)
	}
	if items, ok := s["items"].(schema); ok {
		if words, ok := items["enum"].([]string); ok {
			return "list of `" + strings.Join(words, "`, `") + "`"
		}
	}
	return g.typeOf(key.typ)
}

// written says how the types with a YAML of their own are written.
var written = map[reflect.Type]string{
	reflect.TypeFor[Columns]():   "mapping from column to `" + strings.Join(columnTypes, "`, `") + "`",
	reflect.TypeFor[Fields]():    "mapping from field to type",
	reflect.TypeFor[Duration]():  "duration, such as `1m30s`",
	reflect.TypeFor[Share]():     "number from 0 to 1",
	reflect.TypeFor[Size]():      "size, such as `64MiB`",
	reflect.TypeFor[JSON]():      "anything",
	reflect.TypeFor[Names]():     "list of texts",
	reflect.TypeFor[Keys]():      "mapping from collection to a list of columns",
	reflect.TypeFor[Texts]():     "mapping from name to text",
	reflect.TypeFor[Numbers]():   "mapping from name to number",
	reflect.TypeFor[Mappings]():  "mapping from old to new value",
	reflect.TypeFor[Include]():   "path or pattern",
	reflect.TypeFor[SecretURL](): "URL",
}

func (g *guide) typeOf(t reflect.Type) string {
	if text, ok := written[t]; ok {
		return text
	}
	if of := named(t); of != nil {
		return "mapping from name to " + g.typeOf(of)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.typeOf(t.Elem())
	case reflect.Slice:
		return "list of " + g.typeOf(t.Elem())
	case reflect.Struct:
		title := g.titles[t.Name()]
		return fmt.Sprintf("[%s](#%s)", title, slug(title))
	case reflect.Bool:
		return "`true`, `false`"
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "number"
	}
	return "text"
}

// slug is a heading's anchor.
func slug(title string) string {
	return strings.ReplaceAll(strings.ToLower(strings.ReplaceAll(title, ".", "")), " ", "-")
}
