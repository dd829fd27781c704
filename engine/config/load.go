package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// passedOver reports whether a file that a folder or a pattern has is none of the
// configuration: cases, and what editors and systems hide.
func passedOver(path string) bool {
	return strings.HasSuffix(path, CasesSuffix) || strings.HasPrefix(filepath.Base(path), ".")
}

// CasesSuffix ends the names of the files in a folder that are cases to test
// projections with, and no configuration.
const CasesSuffix = "_test.yaml"

// Load reads a YAML file, or all *.yaml and *.yml files of a folder as one
// configuration, but for cases and hidden files, with the files that these include, and validates it. The
// error is Errors where the YAML is to blame: then there is also what could be read of it,
// to look for more mistakes.
func Load(path string) (*Config, error) { return LoadWith(path, os.LookupEnv) }

// LoadWith is Load with another environment.
func LoadWith(path string, env Env) (*Config, error) {
	files, err := filesOf(path)
	if err != nil {
		return nil, err
	}
	l := loader{env: env, all: Config{At: At{pos: Pos{File: path}}}}
	l.load(files, Pos{File: path})
	all, errs := &l.all, l.errs
	if len(all.Pipelines) == 0 && len(errs) == 0 {
		errs = Errors{{Pos: all.Where("pipelines"), Message: "there is no pipeline", Hint: "add a `pipelines:` list with at least one item"}}
	}
	errs = append(errs, all.validate().unlessAt(errs)...)
	if len(errs) > 0 {
		return all, all.Hide(errs.Sorted())
	}
	return all, nil
}

// Sound are the pipelines that none of the errors is about.
func (c *Config) Sound(errs Errors) (sound []*Pipeline) {
	for i := range c.Pipelines {
		p := &c.Pipelines[i]
		next := Pos{File: p.pos.File, Line: math.MaxInt}
		if i+1 < len(c.Pipelines) && c.Pipelines[i+1].pos.File == p.pos.File {
			next = c.Pipelines[i+1].pos
		}
		var r rules
		r.pipeline(p) // an alias has what is wrong elsewhere
		if len(r.errs) == 0 && !slices.ContainsFunc(errs, func(e *Error) bool { return e.File == p.pos.File && !e.Pos.before(p.pos) && e.Pos.before(next) }) {
			sound = append(sound, p)
		}
	}
	return sound
}

// before reports whether a place is before another one of its file.
func (p Pos) before(other Pos) bool {
	return p.Line < other.Line || p.Line == other.Line && p.Column < other.Column
}

func filesOf(path string) ([]string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Pos: Pos{File: path}, Message: "there is no such file or folder", Hint: "name a YAML file, or a folder with *.yaml files"}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		found, err := filepath.Glob(filepath.Join(escapeGlob(path), pattern))
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", path, err)
		}
		files = append(files, found...)
	}
	files = slices.DeleteFunc(files, passedOver)
	if len(files) == 0 {
		return nil, &Error{Pos: Pos{File: path}, Message: "the folder has no *.yaml file", Hint: "name a YAML file, or a folder with *.yaml files"}
	}
	slices.Sort(files)
	return files, nil
}

// escapeGlob keeps filepath.Glob from reading a folder's name as a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// Parse decodes one file's text, with the environment's variables in its values. Paths of
// plugins and of credentials become absolute, relative to the file's folder. It neither
// validates nor reads what the file includes.
func Parse(file string, text []byte, env Env) (Config, Errors) {
	var c Config
	d := &decoder{file: file, env: env, expanded: map[*yaml.Node]string{}, failed: map[*yaml.Node]bool{}}
	_, errs := d.document(text, &c, "start with `pipelines:`")
	c.hidden = d.hidden
	c.Control.resolve(file)
	for _, path := range c.Store.paths() {
		resolve(file, path)
	}
	for _, path := range c.Tracing.paths() {
		resolve(file, path)
	}
	for i := range c.Pipelines {
		c.Pipelines[i].resolve(file)
	}
	return c, c.Hide(errs)
}

// resolve makes the paths of the pipeline's plugins and credentials absolute.
func (p *Pipeline) resolve(file string) {
	for _, path := range p.paths() {
		resolve(file, path)
	}
}

// Decode decodes one file's text into the struct that into points to, as strictly
// as a configuration, but with each dollar as it is written: a struct's keys are its
// fields' `yaml` tags, and a field tagged `short:"yes"` takes what stands in the
// mapping's place. An empty file is an error with a hint. It returns the YAML, too, or
// nil.
func Decode(file string, text []byte, into any, hint string) (*yaml.Node, Errors) {
	d := &decoder{file: file}
	return d.document(text, into, hint)
}

// document decodes the only document of a text. Variables are replaced where the decoder
// has a place to note them.
func (d *decoder) document(text []byte, into any, hint string) (*yaml.Node, Errors) {
	if e := d.encoding(text); e != nil {
		return nil, Errors{e}
	}
	docs := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := docs.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, Errors{{Pos: Pos{d.file, 1, 1}, Message: "the file is empty", Hint: hint}}
	} else if err != nil {
		return nil, Errors{syntaxError(d.file, text, err)}
	}
	if d.expanded != nil {
		d.expand(&doc)
	}
	target := reflect.ValueOf(into).Elem()
	d.decode(doc.Content[0], target)
	if d.values > maxValues {
		target.SetZero()
		return nil, Errors{{Pos: Pos{d.file, 1, 1}, Message: fmt.Sprintf("the file stands for more than %d values", maxValues), Hint: "write it without aliases"}}
	}
	var second yaml.Node
	if err := docs.Decode(&second); err == nil {
		d.fail(&second, "put it into a file of its own", "a second YAML document, behind ---")
	} else if !errors.Is(err, io.EOF) {
		d.errs = append(d.errs, syntaxError(d.file, text, err))
	}
	return &doc, d.errs
}

// encoding refuses a text that is no UTF-8, and does not begin as UTF-16 does.
func (d *decoder) encoding(text []byte) *Error {
	if utf8.Valid(text) || bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return nil
	}
	good := 0
	for r, size := utf8.DecodeRune(text); r != utf8.RuneError || size != 1; r, size = utf8.DecodeRune(text[good:]) {
		good += size
	}
	before := text[:good]
	line := bytes.Count(before, []byte("\n"))
	at := Pos{d.file, line + 1, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1}
	return &Error{Pos: at, Message: fmt.Sprintf("the byte 0x%02x is no UTF-8", text[good]), Hint: "save the file as UTF-8, if it is a text"}
}

// resolve makes a path absolute that is relative to the file's folder.
func resolve(file string, path *string) {
	if *path == "" || filepath.IsAbs(*path) {
		return
	}
	joined := filepath.Join(filepath.Dir(file), *path)
	if abs, err := filepath.Abs(joined); err == nil {
		joined = abs
	}
	*path = joined
}
