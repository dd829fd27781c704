package conformance

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/sdk/toolchain"
)

// BuildRust builds the Rust guest in the file source with the kit in the folder
// kit, and returns the module's path. It needs rustc and no cargo.
func BuildRust(t testing.TB, kit, source string) string {
	t.Helper()
	return buildRust(t, kit, source, `--cfg=feature="std"`)
}

// BuildRustCore is BuildRust for a guest without the standard library.
func BuildRustCore(t testing.TB, kit, source string) string {
	t.Helper()
	needRust(t)
	text, err := exec.Command("rustc", "--version").Output()
	var minor int
	if _, scan := fmt.Sscanf(string(text), "rustc 1.%d", &minor); err != nil || scan != nil {
		t.Fatalf("rustc says %q, %v", text, err)
	}
	if minor < 68 {
		t.Skip("SKIPPED: rustc is older than 1.68, which has no default for guests that are out of memory")
	}
	return buildRust(t, kit, source)
}

func buildRust(t testing.TB, kit, source string, features ...string) string {
	t.Helper()
	needRust(t)
	sources, err := filepath.Glob(filepath.Join(kit, "src", "*.rs"))
	if err != nil {
		t.Fatal(err)
	}
	json, err := filepath.Glob(filepath.Join(kit, "src", "json", "*.rs"))
	if err != nil {
		t.Fatal(err)
	}
	sources = append(append(sources, json...), source)
	see(t, sources...)
	args := func(library, out string) (kitArgs, guestArgs []string) {
		return rustcArgs("rlib", "refold", library, filepath.Join(kit, "src", "lib.rs"), features...),
			rustcArgs("cdylib", "guest", out, source, "-Clto", "--extern=refold="+library)
	}
	version, err := exec.Command("rustc", "-vV").Output()
	if err != nil {
		t.Fatal(err)
	}
	kitArgs, guestArgs := args("library", "out")
	return kept(t, recipe{string(version), append(kitArgs, guestArgs...), sources}, func() string {
		dir := t.TempDir()
		out := filepath.Join(dir, "guest.wasm")
		kitArgs, guestArgs := args(filepath.Join(dir, "librefold.rlib"), out)
		run(t, exec.Command("rustc", kitArgs...), "")
		run(t, exec.Command("rustc", guestArgs...), "")
		return out
	})
}

// rustcArgs compile one crate; a warning is an error.
func rustcArgs(kind, name, out, source string, more ...string) []string {
	return toolchain.RustcArgs(kind, name, out, source, append(more, "-Dwarnings")...)
}

// needRust wants a rustc that has the standard library for WebAssembly.
func needRust(t testing.TB) {
	t.Helper()
	need(t, "rustc")
	if err := toolchain.HasRust(t.Context(), ""); err != nil {
		lacks(t, "rustc's target wasm32-unknown-unknown")
	}
}
