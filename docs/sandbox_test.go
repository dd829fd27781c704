package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName    = regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)`|-fuzz (Fuzz\\w+)|-bench ([A-Z]\\w+)")
	measureName = regexp.MustCompile("\\| `([a-z0-9_]+)` \\| [0-9]")
)

// Each test, fuzz target and benchmark that SANDBOX.md names is there, and so is
// each measure of its table.
func TestSandboxNamesTests(t *testing.T) {
	text, err := os.ReadFile("SANDBOX.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := functions(t)
	for _, m := range testName.FindAllStringSubmatch(string(text), -1) {
		name := m[1] + m[2]
		if m[3] != "" {
			name = "Benchmark" + m[3]
		}
		if !strings.Contains(tests, "\nfunc "+name+"(") {
			t.Errorf("there is no %s", name)
		}
	}
	bench := benchSource(t)
	found := measureName.FindAllStringSubmatch(string(text), -1)
	if len(found) != 7 {
		t.Errorf("SANDBOX.md has %d measures, want 7", len(found))
	}
	for _, m := range found {
		command := regexp.MustCompile(`refold bench --only \S*\b` + m[1] + `\b`)
		if !command.Match(text) {
			t.Errorf("the command does not measure %s", m[1])
		}
		if !strings.Contains(bench, `"`+m[1]+`"`) {
			t.Errorf("refold bench has no %s", m[1])
		}
	}
}

// benchSource is the source of refold bench.
func benchSource(t *testing.T) (text string) {
	t.Helper()
	files, err := filepath.Glob("../cmd/refold/bench_*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text += string(source)
	}
	return text
}

// functions is the source of all tests.
func functions(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
