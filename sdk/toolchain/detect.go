package toolchain

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/refold-dev/refold/sdk/language"
)

// marks are the files that show a language. A project file counts for more than
// sources, which lie in projects of other languages too.
var marks = []struct {
	pattern  string
	language language.Language
	project  bool
}{
	{"go.mod", language.Go, true},
	{"Cargo.toml", language.Rust, true},
	{"asconfig.json", language.AssemblyScript, true},
	{"build.zig", language.Zig, true},
	{zigRoot, language.Zig, true},
	{"*.c", language.C, false},
	{"*.js", language.JavaScript, false},
}

// UndetectedError is a folder that shows no language, or several.
type UndetectedError struct {
	Dir   string
	Found []language.Language
}

func (e *UndetectedError) Error() string {
	if len(e.Found) == 0 {
		return fmt.Sprintf("%s has no projection that can be built: none of %s", e.Dir, strings.Join(patterns(), ", "))
	}
	return fmt.Sprintf("%s shows several languages: %v", e.Dir, e.Found)
}

func patterns() []string {
	var list []string
	for _, m := range marks {
		list = append(list, m.pattern)
	}
	return list
}

// Detect says in which language the project in dir is written.
func Detect(dir string) (language.Language, error) {
	if info, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("looking for a projection: %w", err)
	} else if !info.IsDir() {
		return "", fmt.Errorf("looking for a projection: %s is no folder", dir)
	}
	var projects, sources []language.Language
	for _, m := range marks {
		found, err := filepath.Glob(filepath.Join(escapeGlob(dir), m.pattern))
		switch {
		case err != nil:
			return "", fmt.Errorf("looking for a projection in %s: %w", dir, err)
		case len(found) == 0:
		case m.project:
			projects = append(projects, m.language)
		default:
			sources = append(sources, m.language)
		}
	}
	if len(projects) == 0 {
		projects = sources
	}
	projects = slices.Compact(projects) // by two marks of one
	if len(projects) != 1 {
		return "", &UndetectedError{dir, projects}
	}
	return projects[0], nil
}

// escapeGlob keeps filepath.Glob from reading a folder's name as a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// glob lists the files of a folder that fit a pattern.
func glob(dir, pattern string) ([]string, error) {
	return filepath.Glob(filepath.Join(escapeGlob(dir), pattern))
}

// folderName is the name of a folder, however it is written.
func folderName(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	return filepath.Base(abs), err
}

// Languages lists the languages whose projects can be built.
func Languages() []language.Language {
	var list []language.Language
	for _, m := range marks {
		list = append(list, m.language)
	}
	return slices.Compact(list)
}
