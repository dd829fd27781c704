package conformance

import (
	"os"
	"path/filepath"
	"testing"
)

// TestKept: a guest is built once, and again as soon as anything that it is made of
// has changed.
func TestKept(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "guest.c")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(source, "one")
	builds := 0
	module := func(r recipe) string {
		path := kept(t, r, func() string {
			builds++
			built := filepath.Join(t.TempDir(), "built.wasm")
			text, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			write(built, r.compiler+" "+string(text))
			return built
		})
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(path, "spoilt") // is this test's own
		return string(text)
	}
	r := recipe{compiler: "cc 1", args: []string{"-O2"}, sources: []string{source}}
	for range 2 {
		if got := module(r); got != "cc 1 one" || builds != 1 {
			t.Errorf("%q, after %d builds", got, builds)
		}
	}
	write(source, "two")
	if got := module(r); got != "cc 1 two" || builds != 2 {
		t.Errorf("of another source: %q, after %d builds", got, builds)
	}
	r.compiler = "cc 2"
	if got := module(r); got != "cc 2 two" || builds != 3 {
		t.Errorf("by another compiler: %q, after %d builds", got, builds)
	}
	r.args = []string{"-O3"}
	if module(r); builds != 4 {
		t.Errorf("built in another way: %d builds", builds)
	}
	other := filepath.Join(dir, "other.c")
	write(other, "two")
	r.sources = []string{other}
	if module(r); builds != 5 {
		t.Errorf("of a source of another name: %d builds", builds)
	}
}
