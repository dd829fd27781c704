package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// guestEnv is for the go command that builds a guest.
var guestEnv = []string{"GOOS=wasip1", "GOARCH=wasm", "GOFLAGS="}

// BuildGo builds the Go guest in the folder dir and returns the module's path.
func BuildGo(t testing.TB, dir string) string {
	t.Helper()
	Watch(t, dir)
	out := filepath.Join(t.TempDir(), "guest.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-buildmode=c-shared", "-o", out, ".")
	cmd.Env = append(os.Environ(), guestEnv...)
	run(t, cmd, dir)
	return out
}

// BuildC builds the C guest in the file source, whose kit is the folder kit,
// and returns the module's path.
func BuildC(t testing.TB, kit, source string) string {
	t.Helper()
	for _, tool := range []string{"clang", "wasm-ld"} {
		need(t, tool)
	}
	see(t, source, filepath.Join(kit, "refold.h"), filepath.Join(kit, "refold_executor.h"))
	out := filepath.Join(t.TempDir(), "guest.wasm")
	run(t, exec.Command("clang", "--target=wasm32", "-nostdlib", "-O2", "-mbulk-memory", "-Wall", "-Wextra", "-Werror",
		"-I", kit, "-Wl,--no-entry,--stack-first", "-o", out, source), "")
	return out
}

// need skips the test if a tool is not installed, but fails it in CI: there, a
// skipped kit would be a kit that nobody tests.
func need(t testing.TB, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		lacks(t, tool)
	}
}

func lacks(t testing.TB, tool string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed, and CI is set", tool)
	}
	t.Skipf("SKIPPED: %s is not installed, so its kit is not tested", tool)
}

func run(t testing.TB, cmd *exec.Cmd, dir string) {
	t.Helper()
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}
