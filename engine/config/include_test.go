package config_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/refold-dev/refold/engine/config"
)

// write makes a folder with files.
func write(t testing.TB, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Who watches a configuration is told all of its files, in the order in which they count.
func TestFilesOfConfiguration(t *testing.T) {
	dir := write(t, map[string]string{
		"a.yaml":     "include: [more/*.yaml]\npipelines: [{name: a, projection: {wasm: a.yaml}}]",
		"more/b.yml": "", "more/c.yaml": "include: [d]\nreplay: {jobs: 2}", "more/d": "store: {}",
	})
	c, err := config.Load(filepath.Join(dir, "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(dir, "a.yaml"), filepath.Join(dir, "more/c.yaml"), filepath.Join(dir, "more/d")}
	if !slices.Equal(c.Files, want) || c.Replay.Jobs != 2 {
		t.Errorf("the files are %q, %d jobs", c.Files, c.Replay.Jobs)
	}
}

// Links do not hide that a file includes itself, or is read twice.
func TestIncludeThroughLinks(t *testing.T) {
	dir := write(t, map[string]string{"a.yaml": "include: [link.yaml, b.yaml, also.yaml]", "b.yaml": "store: {}"})
	for link, to := range map[string]string{"link.yaml": "a.yaml", "also.yaml": "b.yaml"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	_, err := config.Load(filepath.Join(dir, "a.yaml"))
	var errs config.Errors
	if !errors.As(err, &errs) || len(errs) != 2 || !strings.Contains(errs[0].Message, "includes itself") || !strings.Contains(errs[1].Message, "read twice") {
		t.Errorf("the mistakes are %v", err)
	}
}

// A pattern in the wrong place is stopped.
func TestIncludeIsBounded(t *testing.T) {
	files := map[string]string{"a.yaml": "include: [m/*]"}
	for i := range 1010 {
		files[fmt.Sprintf("m/%04d", i)] = "pipelines: []"
	}
	_, err := config.Load(filepath.Join(write(t, files), "a.yaml"))
	var errs config.Errors
	if !errors.As(err, &errs) || len(errs) != 1 || !strings.Contains(errs[0].Message, "more than 1000 files") {
		t.Errorf("the mistakes are %v", err)
	}
}

// outside finds what could name a file elsewhere.
var outside = regexp.MustCompile(`\.\.|\\|(^|[^a-z0-9*?\]])/`)

// FuzzInclude: whatever files include, loading them ends, and each mistake has a place in
// one of them.
func FuzzInclude(f *testing.F) {
	f.Add("include: [b.yaml, 'sub/*']\npipelines: []", "store: {}", "include: [d.yaml]", "replay: {}")
	f.Add("include: [b.yaml]", "include: [in.yaml, '[a', '']", "store: {}\nstore: {}", "pipeline: []")
	f.Add("include: ['*']", "include: sub", "include: [5, ${A}]", "")
	f.Fuzz(func(t *testing.T, in, b, c, d string) {
		files := map[string]string{"in.yaml": in, "b.yaml": b, "sub/c.yaml": c, "sub/d.yaml": d}
		for _, text := range files {
			if outside.MatchString(text) {
				return
			}
		}
		dir := write(t, files)
		_, err := config.LoadWith(filepath.Join(dir, "in.yaml"), nil)
		var errs config.Errors
		if err != nil && !errors.As(err, &errs) {
			t.Fatal(err)
		}
		for _, e := range errs {
			name, err := filepath.Rel(dir, e.File)
			if _, ours := files[name]; err != nil || !ours || e.Message == "" {
				t.Errorf("a mistake at %s: %q", e.Pos, e.Message)
			}
		}
	})
}

// What a folder has beside files is refused: a pipe would be waited for.
func TestFolderOfPipes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no pipes in folders")
	}
	pipe := filepath.Join(t.TempDir(), "pipe.yaml")
	if out, err := exec.Command("mkfifo", pipe).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := config.Load(filepath.Dir(pipe)); err == nil || !strings.Contains(err.Error(), pipe+" is no file of text") {
		t.Error(err)
	}
}
