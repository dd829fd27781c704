package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// CasesSuffix ends the names of the files in a folder that are cases to test
// projections with, and no configuration.
const CasesSuffix = "_test.yaml"

// Load reads a YAML file, or all *.yaml and *.yml files of a folder as one
// configuration, but for cases, and validates it. The error is Errors where the YAML is to
// blame.
func Load(path string) (*Config, error) {
	files, err := filesOf(path)
	if err != nil {
		return nil, err
	}
	all := Config{At: At{pos: Pos{File: path}}}
	var errs Errors
	for _, file := range files {
		c, fileErrs := loadFile(file)
		errs = append(errs, fileErrs...)
		errs = append(errs, all.merge(c)...)
	}
	if len(all.Pipelines) == 0 && len(errs) == 0 {
		errs = Errors{{Pos: all.Where("pipelines"), Message: "there is no pipeline", Hint: "add a `pipelines:` list with at least one item"}}
	}
	errs = append(errs, all.validate().unlessAt(errs)...)
	if len(errs) > 0 {
		return nil, errs.Sorted()
	}
	return &all, nil
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
	files = slices.DeleteFunc(files, func(file string) bool { return strings.HasSuffix(file, CasesSuffix) })
	if len(files) == 0 {
		return nil, &Error{Pos: Pos{File: path}, Message: "the folder has no *.yaml file"}
	}
	slices.Sort(files)
	return files, nil
}

// escapeGlob keeps filepath.Glob from reading a folder's name as a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func loadFile(path string) (Config, Errors) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, Errors{{Pos: Pos{File: path}, Message: err.Error()}}
	}
	return Parse(path, text)
}

// Parse decodes one file's text. Paths of plugins and of credentials become
// absolute, relative to the file's folder. It does not validate.
func Parse(file string, text []byte) (Config, Errors) {
	var c Config
	_, errs := Decode(file, text, &c, "start with `pipelines:`")
	for _, path := range []*string{&c.Store.Credentials, &c.Store.TokenFile, &c.Store.CA} {
		resolve(file, path)
	}
	for i := range c.Pipelines {
		c.Pipelines[i].resolve(file)
	}
	return c, errs
}

// resolve makes the paths of the pipeline's plugins and credentials absolute.
func (p *Pipeline) resolve(file string) {
	resolve(file, &p.Projection.WASM)
	if process := p.Projection.Process; process != nil && len(process.Command) > 0 {
		resolve(file, &process.Command[0])
	}
	for i := range p.Executors {
		x := p.Executors[i].Innermost()
		if x != nil && x.Process != nil && len(x.Process.Command) > 0 {
			resolve(file, &x.Process.Command[0])
		}
		if x != nil && x.WASM != nil {
			x.WASM.resolve(file)
		}
		var paths []*string
		switch {
		case x != nil && x.NATS != nil:
			paths = x.NATS.paths()
		case x != nil && x.HTTP != nil:
			paths = x.HTTP.paths()
		}
		for _, path := range paths {
			resolve(file, path)
		}
		if x != nil && x.Postgres != nil {
			resolve(file, &x.Postgres.URLFile)
		}
	}
}

// Decode decodes one file's text into the struct that into points to, as strictly
// as a configuration: a struct's keys are its fields' `yaml` tags, and a field
// tagged `short:"yes"` takes what stands in the mapping's place. An empty file is
// an error with a hint. It returns the YAML, too, or nil.
func Decode(file string, text []byte, into any, hint string) (*yaml.Node, Errors) {
	d := &decoder{file: file}
	docs := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := docs.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, Errors{{Pos: Pos{file, 1, 1}, Message: "the file is empty", Hint: hint}}
	} else if err != nil {
		return nil, Errors{syntaxError(file, err)}
	}
	target := reflect.ValueOf(into).Elem()
	d.decode(doc.Content[0], target)
	if d.values > maxValues {
		target.SetZero()
		return nil, Errors{{Pos: Pos{file, 1, 1}, Message: fmt.Sprintf("the file stands for more than %d values", maxValues), Hint: "write it without aliases"}}
	}
	var second yaml.Node
	if err := docs.Decode(&second); err == nil {
		d.fail(&second, "put it into a file of its own", "a second YAML document, behind ---")
	} else if !errors.Is(err, io.EOF) {
		d.errs = append(d.errs, syntaxError(file, err))
	}
	return &doc, d.errs
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

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntaxError places an error of the YAML library, which knows the line only.
func syntaxError(file string, err error) *Error {
	e := &Error{Pos: Pos{file, 1, 1}, Message: err.Error(), Hint: "check indentation (spaces only), quotes and colons on this line and the one before"}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		e.Message = "not valid YAML: " + m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			e.Line = n
		}
	}
	return e
}

// merge adds a file's content. Only one file may set the store, and each other key
// that is not a list.
func (c *Config) merge(file Config) (errs Errors) {
	if c.pos.File == file.pos.File { // the only one
		c.At = file.At
	}
	if file.Store.pos.Line > 0 {
		if c.Store.pos.Line > 0 {
			errs = append(errs, &Error{Pos: file.Store.pos, Message: "store is set twice, first at " + c.Store.pos.String()})
		}
		c.Store = file.Store
	}
	if file.Replay.pos.Line > 0 {
		if c.Replay.pos.Line > 0 {
			errs = append(errs, &Error{Pos: file.Replay.pos, Message: "replay is set twice, first at " + c.Replay.pos.String()})
		}
		c.Replay = file.Replay
	}
	if file.Control.pos.Line > 0 {
		if c.Control.pos.Line > 0 {
			errs = append(errs, &Error{Pos: file.Control.pos, Message: "control is set twice, first at " + c.Control.pos.String()})
		}
		c.Control = file.Control
	}
	c.Pipelines = append(c.Pipelines, file.Pipelines...)
	c.Catalog = append(c.Catalog, file.Catalog...)
	return errs
}
