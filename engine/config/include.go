package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Include names other files that belong to a configuration, by a path or a pattern such
// as pipelines/*.yaml, relative to the file that has it.
type Include struct {
	Pattern string
	pos     Pos
}

func (i *Include) decodeNode(d *decoder, n *yaml.Node) {
	i.pos = d.pos(n)
	d.decode(n, reflect.ValueOf(&i.Pattern).Elem())
}

// maxFiles bounds what a pattern in the wrong place reads.
const maxFiles = 1000

// loader reads files into one configuration.
type loader struct {
	env  Env
	all  Config
	errs Errors

	files []loadedFile
	open  []string // the files that include the present one, and itself
}

// loadedFile is one that has been read, and where it is asked for.
type loadedFile struct {
	info os.FileInfo
	path string
	at   Pos
}

func (l *loader) fail(at Pos, hint, format string, args ...any) {
	l.errs = append(l.errs, &Error{Pos: at, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// load reads files that are asked for at a place: first each of them, then what they
// include.
func (l *loader) load(paths []string, at Pos) {
	paths = slices.DeleteFunc(paths, func(path string) bool { return !l.admit(path, at) })
	for _, path := range paths {
		l.read(path)
	}
}

// admit reports whether a file is to be read, and says why it is not.
func (l *loader) admit(path string, at Pos) bool {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		l.fail(Pos{File: path}, "", "%s", err)
		return false
	case info.IsDir():
		l.fail(at, "write "+filepath.Join(path, "*.yaml")+" for the files in it", "%s is a folder", path)
		return false
	case path != at.File && !info.Mode().IsRegular(): // which may never end; who names it alone means it
		l.fail(at, "", "%s is no file of text", path)
		return false
	}
	for _, f := range l.files {
		if os.SameFile(f.info, info) {
			l.again(f, path, at)
			return false
		}
	}
	if len(l.files) == maxFiles {
		l.fail(at, "mend the pattern, or put several pipelines into a file", "more than %d files are to be read", maxFiles)
		return false
	}
	l.files = append(l.files, loadedFile{info, path, at})
	l.all.Files = append(l.all.Files, path)
	return true
}

// again says of a file that it has been read before.
func (l *loader) again(f loadedFile, path string, at Pos) {
	if i := slices.Index(l.open, f.path); i >= 0 {
		way := append(slices.Clone(l.open[i:]), path)
		l.fail(at, "remove it; files that others include lie best in a folder of their own", "the file includes itself: %s", strings.Join(way, " > "))
		return
	}
	l.fail(at, "remove one of the two", "the file %s is read twice, first for %s", path, f.at)
}

// read reads a file, and then those that it includes.
func (l *loader) read(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		l.fail(Pos{File: path}, "", "%s", err)
		return
	}
	l.open = append(l.open, path)
	defer func() { l.open = l.open[:len(l.open)-1] }()
	c, errs := Parse(path, text, l.env)
	l.errs = append(append(l.errs, errs...), l.all.merge(c)...)
	for _, include := range c.Include {
		l.include(path, include)
	}
}

// include reads the files that a pattern names.
func (l *loader) include(from string, of Include) {
	if of.Pattern == "" {
		if !l.errs.at(of.pos) {
			l.fail(of.pos, "name a file, or files by a pattern such as pipelines/*.yaml", "the name of what is included is empty")
		}
		return
	}
	found, err := filepath.Glob(of.pattern(from))
	if errors.Is(err, filepath.ErrBadPattern) {
		l.fail(of.pos, "* stands for any letters, ? for one, [ab] for one of them", "%q is no pattern", of.Pattern)
		return
	}
	if isPattern(of.Pattern) {
		found = slices.DeleteFunc(found, passedOver)
	}
	if len(found) == 0 {
		l.fail(of.pos, "mend the path; it is relative to this file", "no file is named %s", of.Pattern)
	}
	l.load(found, of.pos)
}

// pattern is the include's, as a file's that has it.
func (i *Include) pattern(from string) string {
	if filepath.IsAbs(i.Pattern) {
		return i.Pattern
	}
	return filepath.Join(escapeGlob(filepath.Dir(from)), i.Pattern)
}

func isPattern(path string) bool { return strings.ContainsAny(path, "*?[") }
