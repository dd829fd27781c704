//go:build acceptance

package acceptance

import (
	"os"
	"path/filepath"
	"testing"
)

// checkout is root's shell in a copy of the repository as it is: with what has changed
// since the last commit, and without what was built.
func checkout(t *testing.T) *shell {
	t.Helper()
	needs(t, "git")
	dir, err := os.MkdirTemp(work, "checkout-")
	if err != nil {
		t.Fatal(err)
	}
	from, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	s := &shell{t: t, dir: from}
	s.run("git clone -q . " + dir + " && git -C " + dir + " rm -rq . && git ls-files -co --exclude-standard |" +
		` while read -r file; do [ ! -e "$file" ] || echo "$file"; done | tar -cf - -T - | tar -xf - -C ` + dir +
		" && git -C " + dir + " add -A")
	s.dir = dir
	return s
}

// configure writes what a folder of configuration has, and events: a pipeline, and its
// module, which `make guests` has built.
func configure(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	const example = repository + "/examples/git-history/"
	for _, file := range []string{"testdata/pipelines.yaml", example + "lines_by_dir.wasm", example + "sample.jsonl"} {
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestGoldenFilesAreCurrent: what rewrites the golden vectors writes what is there.
func TestGoldenFilesAreCurrent(t *testing.T) {
	s := checkout(t)
	before := s.run("git status --porcelain && git diff")
	for _, line := range lines(t, "sdk/testdata/README.md", "Golden vectors") {
		s.run(line)
	}
	if after := s.run("git status --porcelain && git diff"); after != before {
		t.Errorf("it was\n%s\nand is\n%s", before, after)
	}
}

// TestBesideOthers: the comparison with other libraries ends with its table.
func TestBesideOthers(t *testing.T) {
	needs(t, "clang")
	s := checkout(t)
	for _, line := range lines(t, "docs/REPLAY.md", "Beside other libraries") {
		s.prints(line, `(?s)\| refold, .*\| Extism, .*\| Watermill, `)
	}
}
