package main

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/sdk/language"
	"github.com/refold-dev/refold/sdk/toolchain"
)

// sources is what is watched: single files, and the folders of projects. It is
// looked at again and again: that works on every file system, over a network
// and in a container too, and a project is a few dozen files.
type sources struct {
	files    []string
	projects []project
	// unclear says which modules several projects may build.
	unclear []error
}

// project is what builds a module.
type project struct{ dir, module string }

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
	c, _ := config.Load(d.file)
	if c == nil {
		return s
	}
	s.files = append(slices.DeleteFunc(c.Files, func(file string) bool { return absolute(file) == absolute(d.file) }), s.files...)
	for _, p := range c.Pipelines {
		module := p.Projection.WASM
		if module == "" || s.builds(module) || slices.Contains(s.files, module) {
			continue
		}
		switch dirs := projectsOf(module, filepath.Dir(d.file)); len(dirs) {
		case 1:
			s.projects = append(s.projects, project{dirs[0], module})
		case 0:
			s.files = append(s.files, module)
		default:
			s.files = append(s.files, module)
			s.unclear = append(s.unclear, &hinted{
				fmt.Errorf("%s may be built by %s: none of them is", relative(module), strings.Join(dirs, " and by ")),
				"have the pipeline name the module in its project's folder",
			})
		}
	}
	return s
}

// builds reports whether a module is one that a project makes.
func (s sources) builds(module string) bool {
	return slices.ContainsFunc(s.projects, func(p project) bool { return absolute(p.module) == absolute(module) })
}

// projectsOf are the folders of the projects that may build a module: the one that
// the module lies in or, if that does not, those in a folder, and a few levels
// below it, whose module has the same name.
func projectsOf(module, root string) (dirs []string) {
	if path, _, err := toolchain.ModulePath(filepath.Dir(module)); err == nil && path == module {
		return []string{filepath.Dir(module)}
	}
	_ = filepath.WalkDir(root, func(dir string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir():
			return nil //nolint:nilerr // what cannot be read is no project
		case dir != root && isOutput(entry.Name()), strings.Count(relativeTo(root, dir), "/") > maxLevels:
			return fs.SkipDir
		}
		path, lang, err := toolchain.ModulePath(dir)
		if err != nil {
			return nil
		}
		if lang != language.JavaScript && filepath.Base(path) == filepath.Base(module) { // a script is its own module
			dirs = append(dirs, relative(dir))
		}
		if dir != root {
			return fs.SkipDir
		}
		return nil
	})
	return dirs
}

// maxLevels is how deep projects are looked for.
const maxLevels = 3

func relativeTo(root, path string) string {
	below, err := filepath.Rel(root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(below)
}

// names are the watched files and folders, as they are printed.
func (s sources) names() []string {
	var names []string
	for _, p := range s.projects {
		names = append(names, relative(p.dir))
	}
	for _, path := range s.files {
		within := func(p project) bool { return filepath.Dir(absolute(path)) == absolute(p.dir) }
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
	for _, p := range s.projects {
		dir := p.dir
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // it has gone meanwhile
			}
			if entry.IsDir() && path != dir && isOutput(entry.Name()) {
				return fs.SkipDir
			}
			if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && s.isSource(path) && !isOwnOutput(info) {
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
	return !isOutput(name) && !strings.HasSuffix(name, "~") && (script || !s.builds(path))
}

// isOutput reports whether a file or folder is what tools make.
func isOutput(name string) bool {
	made := []string{"node_modules", "target", "zig-out", "zig-cache", "build", "refold-data", "Cargo.lock", "package-lock.json", "go.sum"}
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".log") || slices.Contains(made, name)
}

// isOwnOutput reports whether a file is where this process prints to: it changes with
// each round.
func isOwnOutput(file fs.FileInfo) bool {
	for _, stream := range []*os.File{os.Stdout, os.Stderr} {
		if info, err := stream.Stat(); err == nil && os.SameFile(info, file) {
			return true
		}
	}
	return false
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
