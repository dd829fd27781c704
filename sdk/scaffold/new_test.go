package scaffold_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/sdk/language"
	"github.com/refold-dev/refold/sdk/scaffold"
)

// TestNew holds what every project has. That each builds and runs is what the
// transcripts of cmd/refold hold.
func TestNew(t *testing.T) {
	for _, lang := range scaffold.Languages() {
		t.Run(string(lang), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "deep", "orders")
			files, err := scaffold.New(dir, lang)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{".gitignore", "README.md", "events.jsonl", "orders_test.yaml", "pipeline.yaml"} {
				if !slices.Contains(files, file) {
					t.Errorf("there is no %s among %v", file, files)
				}
			}
			for _, file := range files {
				if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Size() == 0 {
					t.Errorf("%s: %v, or it is empty", file, err)
				}
			}
			only(t, filepath.Dir(dir), "orders")
		})
	}
}

func TestNewIsTheSameEachTime(t *testing.T) {
	for _, lang := range scaffold.Languages() {
		var made [2]map[string]string
		for i := range made {
			dir := filepath.Join(t.TempDir(), "orders")
			files, err := scaffold.New(dir, lang)
			if err != nil {
				t.Fatal(err)
			}
			made[i] = map[string]string{}
			for _, file := range files {
				text, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil {
					t.Fatal(err)
				}
				made[i][file] = string(text)
			}
		}
		if diff := cmp.Diff(made[0], made[1]); diff != "" {
			t.Errorf("%s:\n%s", lang, diff)
		}
	}
}

func TestNewInAnEmptyFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "orders")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := scaffold.New(dir, language.C); err != nil {
		t.Fatal(err)
	}
}

func TestNewRefuses(t *testing.T) {
	var name *scaffold.NameError
	var occupied *scaffold.OccupiedError
	var unknown *language.UnknownError
	taken := func(dir string) error { return os.MkdirAll(filepath.Join(dir, "orders", "mine"), 0o700) }
	file := func(dir string) error { return os.WriteFile(filepath.Join(dir, "orders"), nil, 0o600) }
	for _, c := range []struct {
		what, name string
		language   language.Language
		before     func(dir string) error
		want       any
	}{
		{"a full folder", "orders", language.Go, taken, &occupied},
		{"a file", "orders", language.Go, file, &occupied},
		{"upper case", "Orders", language.Go, nil, &name},
		{"a digit first", "1st", language.Go, nil, &name},
		{"a dash", "my-orders", language.C, nil, &name},
		{"a space", "my orders", language.C, nil, &name},
		{"no name", "..", language.C, nil, &name},
		{"a long name", "a123456789b123456789c123456789d123456789e123456789f123456789abcd", language.C, nil, &name},
		{"a word of Rust", "match", language.Rust, nil, &name},
		{"another language", "orders", "cobol", nil, &unknown},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := t.TempDir()
			if c.before != nil {
				if err := c.before(dir); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := scaffold.New(dir+"/"+c.name, c.language); !errors.As(err, c.want) {
				t.Errorf("the error is %v", err)
			}
			if c.before == nil {
				only(t, dir)
			} else {
				only(t, dir, "orders")
			}
		})
	}
}

// only checks what is in a folder: there are no drafts.
func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}
