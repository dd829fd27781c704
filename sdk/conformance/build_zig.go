package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/sdk/toolchain"
)

// BuildZig builds the Zig guest in the file source with the kit in the folder kit,
// and returns the module's path.
func BuildZig(t testing.TB, kit, source string) string {
	t.Helper()
	zig := NeedZig(t)
	root := filepath.Join(kit, "src", "refold.zig")
	for _, pattern := range []string{"*.zig", "json/*.zig"} {
		sources, err := filepath.Glob(filepath.Join(kit, "src", pattern))
		if err != nil {
			t.Fatal(err)
		}
		see(t, sources...)
	}
	see(t, source)
	out := filepath.Join(t.TempDir(), "guest.wasm")
	args, err := toolchain.ZigArgs(t.Context(), zig, root, source, out)
	if err != nil {
		t.Fatal(err)
	}
	run(t, exec.Command(zig, args...), "")
	return out
}

// NeedZig finds the compiler: on the path, or where tools.sh puts packages of npm.
func NeedZig(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("zig"); err == nil {
		return path
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	zig := filepath.Join(cache, "refold-tools", "node_modules", ".bin", "zig")
	if _, err := os.Stat(zig); err != nil {
		lacks(t, "zig")
	}
	return zig
}
