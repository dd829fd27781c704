// Package refold_test holds the tests of the module as a whole.
package refold_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/refold-dev/refold/"

// mayImport says for each part of the module which other parts its packages may
// import, and why no more. A part is a folder with all below it; the longest
// that fits counts. Packages of one part may import each other.
var mayImport = []struct {
	part    string
	imports []string
	why     string
}{
	{"domain", nil, "the pure core knows nobody"},
	{"sdk/frame", nil, "host and guests share the codec; it costs a guest nothing else"},
	{"sdk/manifest", nil, "host and plugin authors share it"},
	{"sdk/javascript", nil, "the host embeds the module, and nothing else of the kit"},
	{"sdk", []string{"sdk/frame", "sdk/manifest"}, "a guest links no host code"},
	{"sdk/process", []string{"domain", "sdk", "sdk/process/wire"}, "a process links no host code either, but performs effects"},
	{"sdk/process/wire", nil, "host and process share the messages"},
	{"engine", []string{"domain", "sdk/frame", "sdk/manifest"}, "who embeds the engine links no driver, host or store"},
	{"engine/config", []string{"domain"}, "a reader of YAML knows no engine"},
	{"engine/feed", []string{"domain", "sdk/frame", "sdk/manifest"}, "how events become a batch is for all who fold, engine or not"},
	{"engine/delivery", []string{"domain", "sdk/frame"}, "how a result becomes effects, likewise"},
	{"runtime", []string{"sdk/frame", "sdk/manifest", "sdk/javascript"}, "bytes in, bytes out"},
	{"runtime/process", []string{"domain", "sdk/frame", "sdk/manifest", "sdk/process/wire", "runtime"}, "an executor in a process performs effects"},
	{"runtime/executor", []string{"domain", "sdk/frame", "runtime"}, "performs effects for an engine, without one"},
	{"runtime/projection", append([]string{"domain", "sdk/frame", "sdk/manifest"}, folding...), "folds as an engine does, without one"},
	{"runtime/plugintest", append([]string{"domain", "sdk/manifest", "engine/config", "runtime/projection"}, folding...), "cases are YAML as strict as a configuration"},
	{"runtime/plugincheck", append([]string{"domain", "sdk/manifest", "engine/config", "runtime/projection", "runtime/plugintest"}, folding...), "a counterexample is a case"},
	{"plugins", []string{"domain"}, "an executor knows effects and its driver"},
	{"eventstore", []string{"domain", "sdk/frame"}, "a store knows events"},
	{"configs", nil, "data, which the program prints"},
	{"cmd", []string{"domain", "configs", "sdk", "engine", "runtime", "plugins", "eventstore"}, "the parts meet here"},
	{"examples", []string{"domain", "sdk", "engine", "runtime", "plugins", "eventstore"}, "and here"},
	{"bench", []string{"sdk", "runtime"}, "a module of its own, with libraries that only a comparison needs"},
}

// folding is what a plugin's host, feed and effects take.
var folding = []string{"engine/feed", "engine/delivery", "runtime"}

// pure lists what the pure parts may import from outside the module.
var pure = map[string][]string{
	"domain":       {"github.com/google/uuid"},
	"sdk/frame":    nil,
	"sdk/manifest": nil,
}

// impure lists what they may not import of the standard library.
var impure = map[string][]string{
	"domain":    {"os", "net", "math/rand", "math/rand/v2", "crypto/rand", "syscall", "log", "log/slog"},
	"sdk/frame": {"fmt", "reflect", "encoding/json", "os", "unsafe"},
}

func TestImportDirection(t *testing.T) {
	files := token.NewFileSet()
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(files, path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := partOf(filepath.ToSlash(filepath.Dir(path)))
		if isSuite(path) {
			return nil
		}
		seen[from] = true
		for _, spec := range f.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			checkImport(t, path, from, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range mayImport {
		if !seen[rule.part] {
			t.Errorf("the table names %s, which has no Go files", rule.part)
		}
	}
}

// isSuite reports whether a file belongs to a conformance suite, which is test
// code that others import.
func isSuite(path string) bool {
	for _, suite := range []string{"executortest", "storetest", "refoldtest", "conformance"} {
		if strings.Contains(filepath.ToSlash(path), "/"+suite+"/") {
			return true
		}
	}
	return false
}

func partOf(dir string) string {
	best := ""
	for _, rule := range mayImport {
		if (dir == rule.part || strings.HasPrefix(dir, rule.part+"/")) && len(rule.part) > len(best) {
			best = rule.part
		}
	}
	return best
}

func checkImport(t *testing.T, path, from, name string) {
	t.Helper()
	if from == "" {
		t.Errorf("%s: its folder is in no part of the table", path)
		return
	}
	if slices.Contains(impure[from], name) {
		t.Errorf("%s: imports %s, but %s is pure", path, name, from)
	}
	own, inside := strings.CutPrefix(name, module)
	if !inside {
		if allowed, isPure := pure[from]; isPure && strings.Contains(name, ".") && !slices.Contains(allowed, name) {
			t.Errorf("%s: imports %s, but %s may import only the standard library and %v", path, name, from, allowed)
		}
		return
	}
	to := partOf(own)
	for _, rule := range mayImport {
		if rule.part == from && to != from && !strings.HasPrefix(to, from+"/") && !slices.Contains(rule.imports, to) && !slices.Contains(rule.imports, rootOf(to)) {
			t.Errorf("%s: %s imports %s: %s", path, from, own, rule.why)
		}
	}
}

func rootOf(part string) string { return strings.SplitN(part, "/", 2)[0] }

// TestEveryPackageSaysWhatItIs: each package has a comment in one of its files.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.Dir(path)
		documented[dir] = documented[dir] || f.Doc.Text() != ""
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s: no file has a package comment", dir)
		}
	}
}
