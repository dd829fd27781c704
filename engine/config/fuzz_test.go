package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/refold-dev/refold/engine/config"
)

// lineBreak is what ends a line in YAML.
var lineBreak = regexp.MustCompile("\r\n|[\r\n\u0085\u2028\u2029]")

// FuzzParse: no text makes Parse panic, and every mistake has a place in it.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(file.Data)
		}
	}
	if example, err := os.ReadFile("../../examples/git-history/pipelines.yaml"); err == nil {
		f.Add(example)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, errs := config.Parse("in.yaml", text, nil)
		for _, e := range errs {
			if e.Message == "" || !within(text, e.Pos) {
				t.Errorf("a mistake at %s: %q", e.Pos, e.Message)
			}
		}
	})
}

// within reports whether a place is in the text: one behind a line's last
// character is, and so is the line behind the last line's end.
func within(text []byte, at config.Pos) bool {
	if at.File != "in.yaml" || at.Line < 1 || at.Column < 1 {
		return false
	}
	if !utf8.Valid(text) || bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		return true // another encoding has other lines
	}
	lines := lineBreak.Split(string(text), -1)
	return at.Line <= len(lines) && at.Column <= utf8.RuneCountInString(lines[at.Line-1])+1
}
