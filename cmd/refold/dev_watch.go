package main

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/sdk/toolchain"
)

// sources is what is watched: single files, and the folders of projects. It is
// looked at again and again: that works on every file system, over a network
// and in a container too, and a project is a few dozen files.
type sources struct {
	files    []string
	projects []string // folders
	built    []string // modules, which are not sources
}

// lookEvery is how often.
const lookEvery = 200 * time.Millisecond

// stamp is what a change of a file changes.
type stamp struct {
	size     int64
	modified time.Time
}

// findSources reads from the YAML which projections there are. A mistake in it
// leaves them out; the round tells of it.
func (d *development) findSources() sources {
	s := sources{files: []string{d.file, d.events}}
	text, err := os.ReadFile(d.file)
	if err != nil {
		return s
	}
	c, _ := config.Parse(d.file, text)
	for _, p := range c.Pipelines {
		module := p.Projection.WASM
		if module == "" || slices.Contains(s.built, module) || slices.Contains(s.files, module) {
			continue
		}
		if dir, ok := projectOf(module); ok {
			s.projects, s.built = append(s.projects, dir), append(s.built, module)
		} else {
			s.files = append(s.files, module)
		}
	}
	return s
}

// projectOf is the folder of the project that builds a module, if there is one:
// the folder that the module lies in.
func projectOf(module string) (dir string, ok bool) {
	dir = filepath.Dir(module)
	path, _, err := toolchain.ModulePath(dir)
	return dir, err == nil && path == module
}

// names are the watched files and folders, as they are printed.
func (s sources) names() []string {
	var names []string
	for _, path := range slices.Concat(s.projects, s.files) {
		within := func(dir string) bool { return filepath.Dir(absolute(path)) == absolute(dir) }
		if !slices.ContainsFunc(s.projects, within) {
			names = append(names, relative(path))
		}
	}
	if i := slices.Index(names, "."); i >= 0 {
		names[i] = "this folder"
	}
	return names
}

// look takes all stamps. What is not there has none.
func (s sources) look() map[string]stamp {
	seen := map[string]stamp{}
	for _, file := range s.files {
		if info, err := os.Stat(file); err == nil {
			seen[absolute(file)] = stamp{info.Size(), info.ModTime()}
		}
	}
	for _, dir := range s.projects {
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // it has gone meanwhile
			}
			if entry.IsDir() && path != dir && isOutput(entry.Name()) {
				return fs.SkipDir
			}
			if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && s.isSource(path) {
				seen[absolute(path)] = stamp{info.Size(), info.ModTime()}
			}
			return nil
		})
	}
	return seen
}

// isSource reports whether a file of a project is one that somebody writes.
func (s sources) isSource(path string) bool {
	name := filepath.Base(path)
	script := strings.HasSuffix(name, ".js") // is its own module
	return !isOutput(name) && !strings.HasSuffix(name, "~") && (script || !slices.Contains(s.built, absolute(path)))
}

// isOutput reports whether a file or folder is what tools make.
func isOutput(name string) bool {
	made := []string{"node_modules", "target", "zig-out", "zig-cache", "build", "refold-data", "Cargo.lock", "package-lock.json", "go.sum"}
	return strings.HasPrefix(name, ".") || slices.Contains(made, name)
}

// wait returns which files have changed since before, once none changes any
// more; nothing if ctx is done.
func (s sources) wait(ctx context.Context, before map[string]stamp) []string {
	last := before
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookEvery):
		}
		now := s.look()
		if maps.Equal(now, last) && !maps.Equal(now, before) {
			return changedFiles(before, now)
		}
		last = now
	}
}

func changedFiles(before, now map[string]stamp) []string {
	var changed []string
	for path, stamp := range now {
		if before[path] != stamp {
			changed = append(changed, relative(path))
		}
	}
	for path := range before {
		if _, there := now[path]; !there {
			changed = append(changed, relative(path))
		}
	}
	slices.Sort(changed)
	return changed
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// relative is a path as seen from here, if it is below.
func relative(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if below, err := filepath.Rel(here, absolute(path)); err == nil && filepath.IsLocal(below) {
		return below
	}
	return path
}
