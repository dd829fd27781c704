package config

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The types of this package are the only description of the YAML: the schema and the
// tables of docs/CONFIG.md are made of them, of their comments, and of what
// about_test.go says of single keys.

// described is a struct as its YAML has it.
type described struct {
	name string // of the Go type
	text string // its comment
	keys []describedKey
	// short is the field that a value which is no mapping is of; nil for none.
	short *reflect.StructField
}

// describedKey is one key of a mapping.
type describedKey struct {
	name  string
	owner string // the Go type that has the field
	typ   reflect.Type
	text  string
}

// path names the key in the table of rules.
func (k *describedKey) path() string { return k.owner + "." + k.name }

// comments are those of the package's types and of their fields.
type comments struct {
	types  map[string]string
	fields map[string]map[string]string // by type, then by field
}

// readComments reads the package's source.
func readComments(t *testing.T) comments {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	c := comments{map[string]string{}, map[string]map[string]string{}}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(files, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				c.add(files, g)
			}
		}
	}
	return c
}

func (c comments) add(files *token.FileSet, g *ast.GenDecl) {
	for _, spec := range g.Specs {
		s, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		text := s.Doc.Text()
		if text == "" {
			text = g.Doc.Text()
		}
		c.types[s.Name.Name] = oneLine(text)
		if fields, ok := s.Type.(*ast.StructType); ok {
			c.fields[s.Name.Name] = fieldComments(files, fields)
		}
	}
}

// fieldComments gives a field without a comment that of the line above: one comment is
// often about several.
func fieldComments(files *token.FileSet, s *ast.StructType) map[string]string {
	found := map[string]string{}
	last, lastLine := "", 0
	for _, f := range s.Fields.List {
		text, line := oneLine(f.Doc.Text()), files.Position(f.Pos()).Line
		if text == "" && line == lastLine+1 {
			text = last
		}
		last, lastLine = text, files.Position(f.End()).Line
		for _, name := range f.Names {
			if f.Doc != nil || regexp.MustCompile(`\b`+name.Name+`\b`).MatchString(text) {
				found[name.Name] = text
			}
		}
	}
	return found
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}

// describe is a struct's mapping.
func (c comments) describe(t reflect.Type) described {
	d := described{name: t.Name(), text: c.types[t.Name()]}
	c.addKeys(&d, t)
	names := map[string]string{}
	for i := range t.NumField() {
		f := t.Field(i)
		if key := f.Tag.Get("yaml"); key != "" && key != "-" {
			names[f.Name] = key
		}
		if f.Tag.Get("short") != "" {
			d.short = &f
		}
	}
	d.text = forCallers.ReplaceAllString(strings.Replace(d.text, d.name+" ", "This ", 1), "")
	d.text = withKeys(strings.Replace(d.text, "This are ", "These are ", 1), names)
	if keys := oneOf[d.name]; keys != nil {
		d.text += " Exactly one of `" + strings.Join(keys, "`, `") + "` is given."
	}
	return d
}

func (c comments) addKeys(d *described, t reflect.Type) {
	names := map[string]string{}
	for i := range t.NumField() {
		f := t.Field(i)
		if key := f.Tag.Get("yaml"); key != "" && key != "-" {
			names[f.Name] = key
		}
	}
	for i := range t.NumField() {
		f := t.Field(i)
		key := f.Tag.Get("yaml")
		switch {
		case key != "" && key != "-":
			text := c.fields[t.Name()][f.Name]
			k := describedKey{key, t.Name(), f.Type, withKeys(text, names)}
			if k.text == "" {
				k.text = strings.Replace(c.types[element(f.Type).Name()], element(f.Type).Name()+" ", "`"+key+"` ", 1)
			}
			k.text = forReaders(k)
			d.keys = append(d.keys, k)
		case f.Anonymous && key == "" && f.Type.Kind() == reflect.Struct:
			c.addKeys(d, f.Type)
		}
	}
}

// What a comment says to callers of this package alone, or again what is in the column
// of defaults.
var (
	forCallers = regexp.MustCompile(`([;,] (and )?absolute once loaded| The zero value [^.]*\.)`)
	onDefault  = regexp.MustCompile(`(; (empty|nil|0|default) [^.;]*| Empty means [^.]*\.)`)
)

func forReaders(k describedKey) string {
	text := forCallers.ReplaceAllString(k.text, "")
	if r := about[k.path()]; r.value != nil || r.absent != "" {
		text = onDefault.ReplaceAllString(text, "")
	}
	for _, verb := range []string{"is ", "are "} {
		if rest, ok := strings.CutPrefix(text, "`"+k.name+"` "+verb); ok {
			return strings.ToUpper(rest[:1]) + rest[1:]
		}
	}
	return text
}

var goName = regexp.MustCompile(`\b[A-Z][A-Za-z0-9]*(\.[A-Z][A-Za-z0-9]*)?\b`)

// withKeys writes the names of fields as the keys that they are in YAML: those of the
// same mapping, and behind a dot those of the one below.
func withKeys(text string, names map[string]string) string {
	return goName.ReplaceAllStringFunc(text, func(word string) string {
		first, below, dotted := strings.Cut(word, ".")
		key, ok := names[first]
		if !ok {
			return word
		}
		if dotted {
			key += "." + snakeCase(below)
		}
		return "`" + key + "`"
	})
}

var wordBegins = regexp.MustCompile(`([a-z0-9])([A-Z])`)

func snakeCase(name string) string {
	return strings.ToLower(wordBegins.ReplaceAllString(name, "${1}_$2"))
}

// reachable are the structs below a type, each once, in the order of the YAML.
func (c comments) reachable(root reflect.Type) []reflect.Type {
	var list []reflect.Type
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		t = element(t)
		if t.Kind() != reflect.Struct || isSpecial(t) || slices.Contains(list, t) {
			return
		}
		list = append(list, t)
		for _, key := range c.describe(t).keys {
			visit(key.typ)
		}
	}
	visit(root)
	return list
}

// element is what a pointer leads to, a list has, or a mapping from names has.
func element(t reflect.Type) reflect.Type {
	for {
		switch {
		case t.Kind() == reflect.Pointer:
			t = t.Elem()
		case named(t) != nil:
			t = named(t)
		case t.Kind() == reflect.Slice && !isSpecial(t):
			t = t.Elem()
		default:
			return t
		}
	}
}

// named is the T of a Named[T]; nil of another type.
func named(t reflect.Type) reflect.Type {
	if !strings.HasPrefix(t.Name(), "Named[") {
		return nil
	}
	value, _ := t.Elem().FieldByName("Value")
	return value.Type
}

// isSpecial reports whether a type's YAML is described by hand.
func isSpecial(t reflect.Type) bool {
	_, special := specials[t]
	return special
}

// Each type with a form of its own in the YAML is described by hand, and each key has a
// meaning.
func TestEverythingIsDescribed(t *testing.T) {
	c := readComments(t)
	decoders := reflect.TypeFor[nodeDecoder]()
	for _, s := range c.reachable(reflect.TypeFor[Config]()) {
		d := c.describe(s)
		if d.text == "" {
			t.Errorf("%s has no comment", d.name)
		}
		for _, key := range d.keys {
			if key.text == "" {
				t.Errorf("%s has no comment", key.path())
			}
			for of := key.typ; ; of = of.Elem() {
				if reflect.PointerTo(of).Implements(decoders) && named(of) == nil && !isSpecial(of) {
					t.Errorf("%s, the type of %s, has a YAML of its own, which schema_test.go does not describe", of, key.path())
				}
				if of.Kind() != reflect.Pointer && of.Kind() != reflect.Slice {
					break
				}
			}
		}
	}
	for path := range about {
		if !slices.ContainsFunc(c.paths(), func(p string) bool { return p == path }) {
			t.Errorf("about_test.go is about %s, which there is not", path)
		}
	}
}

// paths are those of all keys.
func (c comments) paths() (list []string) {
	for _, s := range c.reachable(reflect.TypeFor[Config]()) {
		for _, key := range c.describe(s).keys {
			list = append(list, key.path())
		}
	}
	return list
}
