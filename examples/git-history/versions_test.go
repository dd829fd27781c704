package githistory_test

import (
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/sdk/conformance"
)

// version is a projection of this folder in one language.
type version struct {
	language string
	build    func(t testing.TB, projection string) string
}

// versions are all of them; the first is what the others are compared with.
var versions = []version{
	{"go", func(t testing.TB, projection string) string {
		return conformance.BuildGo(t, filepath.Join("go", projection))
	}},
	{"c", func(t testing.TB, projection string) string {
		return conformance.BuildC(t, "../../sdk/c", filepath.Join("c", projection, projection+".c"))
	}},
	{"rust", func(t testing.TB, projection string) string {
		return conformance.BuildRust(t, "../../sdk/rust", filepath.Join("rust", projection, "src", "lib.rs"))
	}},
	{"assemblyscript", func(t testing.TB, projection string) string {
		return conformance.BuildAssemblyScript(t, "../../sdk/assemblyscript", filepath.Join("assemblyscript", projection+".ts"))
	}},
	{"zig", func(t testing.TB, projection string) string {
		return conformance.BuildZig(t, "../../sdk/zig", filepath.Join("zig", projection, "src", "main.zig"))
	}},
	{"javascript", func(_ testing.TB, projection string) string {
		return filepath.Join("javascript", projection+".js")
	}},
}
