package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BuildProcess builds the Go program in the folder dir, a plugin that is a process,
// and returns the executable's path.
func BuildProcess(t testing.TB, dir string) string {
	t.Helper()
	Watch(t, dir)
	out := filepath.Join(t.TempDir(), "plugin")
	run(t, exec.Command("go", "build", "-trimpath", "-o", out, "."), dir)
	return out
}

// NodePackages is the folder of npm's packages that tools.sh makes, which has one of
// this name. The test needs Node as well.
func NodePackages(t testing.TB, name string) string {
	t.Helper()
	need(t, "node")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(cache, "refold-tools", "node_modules")
	if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
		lacks(t, "npm's package "+name)
	}
	return folder
}
