package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Watch makes go test run a test anew that it would take from its cache, once a
// source of the Go guests in the folders dirs has changed, their kit's among them.
// The go command sees what the test's process looks at, and nothing of what a
// compiler reads. It has no effect in TestMain, ahead of m.Run.
func Watch(t testing.TB, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		see(t, sources(t, dir)...)
	}
}

// see looks at files, so that go test notices when they change.
func see(t testing.TB, files ...string) {
	t.Helper()
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			t.Fatal(err)
		}
	}
}

// sources lists what the guest in the folder dir is built from, but for what
// belongs to Go itself: files, and the folders to which one may be added.
func sources(t testing.TB, dir string) []string {
	t.Helper()
	const format = `{{if not .Standard}}{{.Module.GoMod}}{{"\n"}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{end}}`
	cmd := exec.Command("go", "list", "-deps", "-f", format, ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), guestEnv...)
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	files := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, file := range files {
		files = append(files, filepath.Dir(file))
	}
	slices.Sort(files)
	return slices.Compact(files)
}
