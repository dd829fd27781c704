package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/event"
)

// TestSampleOfARepository writes the events of a small history with additions,
// changes, deletions, a binary file and a strange name.
func TestSampleOfARepository(t *testing.T) {
	makeRepository(t)
	var first, second bytes.Buffer
	for _, to := range []*bytes.Buffer{&first, &second} {
		if err := run(to, nil); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same history gives different bytes")
	}
	var got []string
	for line := range strings.Lines(first.String()) {
		e, err := event.ParseJSON([]byte(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		_, tail, _ := strings.Cut(string(e.Data), `"additions"`)
		got = append(got, e.Type+tail)
	}
	want := []string{
		"commit_recorded",
		`file_added:2,"deletions":0,"binary":false}`,
		`file_added:1,"deletions":0,"binary":false}`,
		"commit_recorded",
		`file_modified:2,"deletions":1,"binary":false}`,
		`file_deleted:0,"deletions":1,"binary":false}`,
		`file_added:0,"deletions":0,"binary":true}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n%s", diff, first.String())
	}
}

// makeRepository makes a history of two commits in a folder of its own, and
// goes there.
func makeRepository(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	git(t, "init", "-q", "-b", "main")
	write(t, "README.md", "one\ntwo\n")
	write(t, "docs/größe \t.md", "x\n")
	git(t, "add", ".")
	git(t, "commit", "-q", "-m", "first")
	write(t, "README.md", "one\nthree\nfour\n")
	write(t, "docs/logo.bin", "\x00\x01")
	git(t, "rm", "-q", "docs/größe \t.md")
	git(t, "add", ".")
	git(t, "commit", "-q", "-m", "second")
}

func git(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE=2026-01-31T09:30:00Z",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org", "GIT_COMMITTER_DATE=2026-01-31T09:30:00Z")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
