package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/refold-dev/refold/sdk/language"
)

//go:embed templates
var templates embed.FS

// projectName is a name that a pipeline, a table, and a package of every
// language can have.
var projectName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// NameError is a name that a project cannot have.
type NameError struct{ Name string }

func (e *NameError) Error() string { return fmt.Sprintf("%q cannot name a projection", e.Name) }

// OccupiedError is a place where something is already.
type OccupiedError struct{ Path string }

func (e *OccupiedError) Error() string { return e.Path + " exists already, and is no empty folder" }

// New makes the project dir, whose last element is its name, and returns its
// files, sorted, with slashes. The error is a *NameError, an *OccupiedError, a
// *language.UnknownError or one of the file system.
func New(dir string, lang language.Language) (files []string, err error) {
	kind, ok := kinds[lang]
	if !ok {
		return nil, &language.UnknownError{Name: string(lang), Known: Languages()}
	}
	name := filepath.Base(dir)
	if !projectName.MatchString(name) || slices.Contains(kind.reserved, name) {
		return nil, &NameError{name}
	}
	if err := free(dir); err != nil {
		return nil, err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder for %s: %w", name, err)
	}
	draft, err := os.MkdirTemp(parent, "."+name+"-*")
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(draft)) }()
	if err := kind.write(draft, lang, name); err != nil {
		return nil, fmt.Errorf("writing %s: %w", dir, err)
	}
	if files, err = list(draft); err != nil {
		return nil, err
	}
	return files, move(draft, dir)
}

// free reports whether dir is not there, or an empty folder.
func free(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if _, statErr := os.Lstat(dir); statErr == nil {
		return &OccupiedError{dir}
	}
	return fmt.Errorf("looking for %s: %w", dir, err)
}

// move puts the draft in its place, where an empty folder may be.
func move(draft, dir string) error {
	if err := os.Chmod(draft, 0o755); err != nil { //nolint:gosec // as mkdir would
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &OccupiedError{dir}
	}
	return os.Rename(draft, dir)
}

// write fills the draft: what is common, what is the language's, the kit.
func (k *kind) write(draft string, lang language.Language, name string) error {
	fill := filling{Name: name, Title: lang.Title(), Module: name + k.module, kind: k}
	for _, folder := range []string{"common", string(lang)} {
		if err := expand(draft, path.Join("templates", folder), fill); err != nil {
			return err
		}
	}
	if k.kit == nil {
		return nil
	}
	return k.kit(draft)
}

// filling is what the templates are filled with.
type filling struct {
	Name   string // of the project
	Title  string // of the language
	Module string // the file that a pipeline names
	*kind
}

// expand writes the templates of a folder.
func expand(draft, folder string, fill filling) error {
	return fs.WalkDir(templates, folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := templates.ReadFile(file)
		if err != nil {
			return err
		}
		t, err := template.New(file).Parse(string(text))
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := t.Execute(&out, fill); err != nil {
			return err
		}
		return put(draft, target(strings.TrimPrefix(file, folder+"/"), fill.Name), out.Bytes())
	})
}

// target is the path of the file that a template makes.
func target(file, name string) string {
	file = strings.ReplaceAll(strings.TrimSuffix(file, ".tmpl"), "NAME", name)
	if file == "gitignore" {
		return ".gitignore"
	}
	return file
}

func put(draft, file string, text []byte) error {
	at := filepath.Join(draft, filepath.FromSlash(file))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	return os.WriteFile(at, text, 0o644) //nolint:gosec // sources, as an editor would write them
}

// list lists the files of a folder.
func list(dir string) (files []string, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, file)
		}
		return err
	})
	slices.Sort(files)
	return files, err
}
