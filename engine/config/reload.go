package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Reload says when a running engine takes the configuration anew, beside whenever it is
// asked to.
type Reload struct {
	At `yaml:"-"`
	// Watch has it do so when one of the files changes that the configuration names, or
	// the configuration itself.
	Watch bool `yaml:"watch" json:"watch,omitempty"`
}

// reloadable are the keys of a configuration that an engine takes anew while it runs;
// the files that are included come to the others.
var reloadable = []string{"pipelines", "include", "reload"}

// NeedRestart are the keys of a configuration in which another one differs, and which only
// an engine's start takes.
func (c *Config) NeedRestart(next *Config) (keys []string) {
	a, b := reflect.ValueOf(c).Elem(), reflect.ValueOf(next).Elem()
	for i := range a.NumField() {
		key, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("yaml"), ",")
		if key == "" || key == "-" || slices.Contains(reloadable, key) || same(a.Field(i), b.Field(i)) {
			continue
		}
		keys = append(keys, key)
	}
	return keys
}

// Same reports whether two declarations say the same, wherever in whatever files.
func Same[T any](a, b T) bool { return same(reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem()) }

var places = []reflect.Type{reflect.TypeFor[At](), reflect.TypeFor[Pos]()}

// same is reflect.DeepEqual, but for where things stand.
func same(a, b reflect.Value) bool {
	if slices.Contains(places, a.Type()) {
		return true
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return same(a.Elem(), b.Elem())
	}
	return a.Equal(b)
}

// Dependencies are what a configuration depends on.
type Dependencies struct {
	// Files are those that it is read from, and that its pipelines and its control name.
	Files []string
	// Patterns match files that would belong to it if they were there.
	Patterns []string
}

// DependenciesOf are those of the configuration at a path, as far as it can be read.
func DependenciesOf(path string, env Env) (d Dependencies) {
	found, _ := filesOf(path) // whoever loads it says so
	l := loader{env: env}
	l.load(found, Pos{File: path})
	d.Files = append([]string{path}, l.all.Files...)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		d.Files = l.all.Files
		d.Patterns = []string{filepath.Join(escapeGlob(path), "*.yaml"), filepath.Join(escapeGlob(path), "*.yml")}
	}
	for _, include := range l.all.Include {
		d.Patterns = append(d.Patterns, include.pattern(include.pos.File))
	}
	for _, path := range l.all.Control.paths() {
		if *path != "" {
			d.Files = append(d.Files, *path)
		}
	}
	for i := range l.all.Pipelines {
		d.Files = append(d.Files, l.all.Pipelines[i].Files()...)
	}
	return d
}

// Digest digests what the files hold.
func (d *Dependencies) Digest() string { return digestOf(d.Files) }

// paths are those of the pipeline that are relative to the YAML file until it is loaded.
func (p *Pipeline) paths() []*string {
	paths := append([]*string{&p.Projection.WASM}, p.Projection.Process.paths()...)
	for i := range p.Executors {
		x := p.Executors[i].Innermost()
		switch {
		case x == nil:
		case x.Process != nil:
			paths = append(paths, x.Process.paths()...)
		case x.WASM != nil:
			paths = append(paths, x.WASM.paths()...)
		case x.NATS != nil:
			paths = append(paths, x.NATS.paths()...)
		case x.HTTP != nil:
			paths = append(paths, x.HTTP.paths()...)
		case x.Postgres != nil:
			paths = append(paths, &x.Postgres.URLFile)
		}
	}
	return paths
}

// Files are those that the pipeline names: modules, executables, and what has secrets.
func (p *Pipeline) Files() (files []string) {
	for _, path := range p.paths() {
		if *path != "" {
			files = append(files, *path)
		}
	}
	return files
}

// FilesDigest digests what is in the files that the pipeline names. Of one that cannot be
// read it has that alone: whoever needs it says so.
func (p *Pipeline) FilesDigest() string { return digestOf(p.Files()) }

func digestOf(files []string) string {
	all := sha256.New()
	for _, path := range files {
		one := sha256.New()
		f, err := os.Open(path)
		if err == nil {
			_, err = io.Copy(one, f)
			err = errors.Join(err, f.Close())
		}
		fmt.Fprintf(all, "%q %t %x\n", path, err == nil, one.Sum(nil))
	}
	return "sha256:" + hex.EncodeToString(all.Sum(nil))
}
