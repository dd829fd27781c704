package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/refold-dev/refold/sdk"
)

//go:embed benchguests
var guestSources embed.FS

// errNoCompiler is a guest whose language cannot be compiled here.
var errNoCompiler = errors.New("not installed")

// leaveOut says which measures are missing for want of a compiler, and passes
// any other error on.
func (b *bench) leaveOut(ctx context.Context, err error, names ...string) error {
	if !errors.Is(err, errNoCompiler) {
		return err
	}
	b.logger.WarnContext(ctx, strings.Join(names, " and ")+" left out: "+err.Error())
	return nil
}

// buildC compiles a guest in C, from benchguests, and returns the module's path.
func (b *bench) buildC(ctx context.Context, source, name string, flags ...string) (string, error) {
	for _, tool := range []string{"clang", "wasm-ld"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("%s is %w", tool, errNoCompiler)
		}
	}
	out := filepath.Join(b.dir, name+".wasm")
	if err := os.CopyFS(filepath.Join(b.dir, "kit"), sdk.C); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	flags = append(flags, "-I", filepath.Join(b.dir, "kit", "c"), "--target=wasm32", "-mbulk-memory", "-O2", "-nostdlib", "-Wl,--no-entry", "-x", "c", "-", "-o", out)
	return out, compile(exec.CommandContext(ctx, "clang", flags...), source)
}

const rustTarget = "wasm32-unknown-unknown"

// buildRust compiles a guest in Rust, from benchguests.
func (b *bench) buildRust(ctx context.Context, source, name string) (string, error) {
	if err := hasRust(ctx); err != nil {
		return "", err
	}
	out := filepath.Join(b.dir, name+".wasm")
	return out, compile(exec.CommandContext(ctx, "rustc", "--target="+rustTarget, "--crate-type=cdylib", "--crate-name=guest",
		"-Copt-level=3", "-Cpanic=abort", "-o", out, "-"), source)
}

func hasRust(ctx context.Context) error {
	if _, err := exec.LookPath("rustc"); err != nil {
		return fmt.Errorf("rustc is %w", errNoCompiler)
	}
	libraries, err := exec.CommandContext(ctx, "rustc", "--target="+rustTarget, "--print=target-libdir").Output()
	if err == nil {
		_, err = os.Stat(strings.TrimSpace(string(libraries)))
	}
	if err != nil {
		return fmt.Errorf("rustc's target %s is %w: rustup target add %[1]s", rustTarget, errNoCompiler)
	}
	return nil
}

// compile runs a compiler over a file of benchguests.
func compile(cmd *exec.Cmd, source string) error {
	text, err := guestSources.ReadFile("benchguests/" + source)
	if err != nil {
		return err
	}
	cmd.Stdin = strings.NewReader(string(text))
	return quietly(cmd, source)
}

func quietly(cmd *exec.Cmd, what string) error {
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling the guest %s: %w: %s", what, err, text)
	}
	return nil
}

// goModule is a module with the sources of the kit, at the kit's import path.
const goModule = "module github.com/refold-dev/refold\n\ngo 1.26\n"

// buildGo compiles a guest in Go, a folder of benchguests, as its author would:
// with the kit and all of the standard library.
func (b *bench) buildGo(ctx context.Context, name string) (string, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return "", fmt.Errorf("go is %w", errNoCompiler)
	}
	dir := filepath.Join(b.dir, "go-"+name)
	if err := os.CopyFS(filepath.Join(dir, "sdk"), sdk.Go); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(goModule), 0o600); err != nil {
		return "", err
	}
	text, err := guestSources.ReadFile("benchguests/" + name + "/main.go")
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), text, 0o600); err != nil {
		return "", err
	}
	out := filepath.Join(b.dir, name+".wasm")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildmode=c-shared", "-o", out, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local")
	return out, quietly(cmd, name)
}
