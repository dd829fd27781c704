package toolchain

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/refold-dev/refold/sdk/language"
)

const installC = "on Debian: apt install clang lld (elsewhere: LLVM's clang and lld)"

// cName is the name of the one source, or the folder's.
func cName(dir string) (string, error) {
	sources, err := glob(dir, "*.c")
	if err != nil || len(sources) != 1 {
		name, absErr := folderName(dir)
		if err == nil {
			err = absErr
		}
		return name, err
	}
	return strings.TrimSuffix(filepath.Base(sources[0]), ".c"), nil
}

// compileC compiles all sources of the folder together. --stack-first makes a
// stack that overflows trap; a function that is not declared inline stays one, so
// that a trap names it. The level of optimisation is for the compiler alone: with
// -O2 the driver would run any wasm-opt that is in PATH over the module, which drops
// the names, and makes the module depend on what else is installed.
func compileC(ctx context.Context, r *runner, dir, out string) error {
	clang, err := find("clang", language.C, installC)
	if err != nil {
		return err
	}
	if _, err := find("wasm-ld", language.C, installC); err != nil {
		return err
	}
	sources, err := glob(dir, "*.c")
	if err != nil {
		return err
	}
	args := []string{"--target=wasm32", "-nostdlib", "-Xclang", "-O2", "-fno-inline-functions", "-mbulk-memory", "-Wall", "-Wextra", "-Wl,--no-entry,--stack-first", "-o", out}
	for _, source := range sources {
		args = append(args, filepath.Base(source))
	}
	return r.run(ctx, dir, nil, clang, args...)
}
