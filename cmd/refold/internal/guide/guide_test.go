package guide_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/refold-dev/refold/cmd/refold/internal/guide"
)

const text = "# All of it\n\n" +
	"    first   # why\n\n" +
	"## Later\nProse.\n\n" +
	"    second --flag\n" +
	"```yaml\n# no heading\nkey: 1\n```\n" +
	"```sh\n$ third\n# a comment\n```\n"

func TestLines(t *testing.T) {
	want := []guide.Line{
		{Section: "All of it", At: 3, Text: "first"},
		{Section: "Later", At: 8, Text: "second --flag"},
		{Section: "Later", At: 14, Text: "third"},
		{Section: "Later", At: 15, Text: "# a comment"},
	}
	if got := guide.Lines(text); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestSection(t *testing.T) {
	file := filepath.Join(t.TempDir(), "guide.md")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := guide.Section(file, "All of it"); err != nil || !slices.Equal(got, []string{"first"}) {
		t.Errorf("%q, %v", got, err)
	}
	for _, heading := range []string{"Never", ""} {
		if got, err := guide.Section(file, heading); err == nil {
			t.Errorf("under %q are %q", heading, got)
		}
	}
}
