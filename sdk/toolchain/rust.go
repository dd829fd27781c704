package toolchain

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/refold-dev/refold/sdk/language"
)

const (
	rustTarget        = "wasm32-unknown-unknown"
	installRust       = "install it from https://rustup.rs, then: rustup target add " + rustTarget + " (on Debian: apt install rustc libstd-rust-dev-wasm32)"
	installRustTarget = "install it: rustup target add " + rustTarget + " (on Debian: apt install libstd-rust-dev-wasm32)"
)

var (
	tomlTable  = regexp.MustCompile(`^\s*\[+\s*([^\]]*?)\s*\]+`)
	tomlString = regexp.MustCompile(`^\s*name\s*=\s*["']([^"']+)["']`)
)

// rustName is the package's.
func rustName(dir string) (string, error) {
	file, err := os.Open(filepath.Join(dir, "Cargo.toml"))
	if err != nil {
		return "", err
	}
	defer file.Close()
	table := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if header := tomlTable.FindStringSubmatch(lines.Text()); header != nil {
			table = header[1]
		} else if name := tomlString.FindStringSubmatch(lines.Text()); name != nil && table == "package" {
			return name[1], nil
		}
	}
	return "", fmt.Errorf("%s names no package; build one of the workspace's folders", file.Name())
}

func compileRust(ctx context.Context, r *runner, dir, out string) error {
	if err := HasRust(ctx, dir); err != nil {
		return err
	}
	name, err := rustName(dir)
	if err != nil {
		return err
	}
	crate := strings.ReplaceAll(name, "-", "_")
	cargo, err := exec.LookPath("cargo")
	if err != nil {
		return compileCrate(ctx, r, dir, crate, out)
	}
	err = r.run(ctx, dir, nil, cargo, "build", "--quiet", "--release", "--target", rustTarget, "--target-dir", "target")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "target", rustTarget, "release", crate+".wasm"))
	if err != nil {
		return fmt.Errorf("cargo made no module: is crate-type cdylib? %w", err)
	}
	return os.WriteFile(out, text, 0o600)
}

// HasRust looks for a compiler that has the standard library for modules, as
// the folder's toolchain file chooses it.
func HasRust(ctx context.Context, dir string) error {
	rustc, err := find("rustc", language.Rust, installRust)
	if err != nil {
		return err
	}
	ask := exec.CommandContext(ctx, rustc, "--target="+rustTarget, "--print=target-libdir")
	ask.Dir = dir
	libraries, err := ask.Output()
	if err == nil {
		_, err = os.Stat(strings.TrimSpace(string(libraries)))
	}
	if err != nil {
		return &MissingError{"Rust's standard library for " + rustTarget, language.Rust, installRustTarget}
	}
	return nil
}

// compileCrate does without cargo, for a project that depends on the kit alone,
// in the folder refold.
func compileCrate(ctx context.Context, r *runner, dir, crate, out string) error {
	kit := filepath.Join("refold", "src", "lib.rs")
	if _, err := os.Stat(filepath.Join(dir, kit)); err != nil {
		return &MissingError{"cargo", language.Rust, "on Debian: apt install cargo; without it, only a project with its kit in refold/ is built"}
	}
	library := filepath.Join(filepath.Dir(out), "librefold.rlib")
	rustc := func(kind, name, to, source string, more ...string) error {
		return r.run(ctx, dir, nil, "rustc", RustcArgs(kind, name, to, source, more...)...)
	}
	if err := rustc("rlib", "refold", library, kit, `--cfg=feature="std"`); err != nil {
		return err
	}
	return rustc("cdylib", crate, out, filepath.Join("src", "lib.rs"), "-Clto", "--extern=refold="+library)
}

// RustcArgs are rustc's arguments for one crate of a module, of a kind such as
// "cdylib".
func RustcArgs(kind, name, out, source string, more ...string) []string {
	return append([]string{"--target=" + rustTarget, "--edition=2021", "--crate-type=" + kind, "--crate-name=" + name,
		"-Copt-level=3", "-Ccodegen-units=1", "-Cpanic=abort", "-Cstrip=debuginfo", "-o", out, source}, more...)
}
