package toolchain_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/refold-dev/refold/sdk/language"
	"github.com/refold-dev/refold/sdk/scaffold"
	"github.com/refold-dev/refold/sdk/toolchain"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		files []string
		want  []language.Language
	}{
		{[]string{"go.mod", "main.go"}, []language.Language{language.Go}},
		{[]string{"go.mod", "tool.js", "bench.c"}, []language.Language{language.Go}},
		{[]string{"Cargo.toml"}, []language.Language{language.Rust}},
		{[]string{"asconfig.json", "package.json", "helper.js"}, []language.Language{language.AssemblyScript}},
		{[]string{"src/main.zig"}, []language.Language{language.Zig}},
		{[]string{"src/main.zig", "build.zig", "helper.c"}, []language.Language{language.Zig}},
		{[]string{"a.c", "b.c"}, []language.Language{language.C}},
		{[]string{"a.js"}, []language.Language{language.JavaScript}},
		{[]string{"a.js", "a.c"}, []language.Language{language.C, language.JavaScript}},
		{[]string{"go.mod", "Cargo.toml"}, []language.Language{language.Go, language.Rust}},
		{[]string{"main.go", "README.md"}, nil},
	} {
		dir := filepath.Join(t.TempDir(), "with [brackets]*")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, file := range c.files {
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(file)), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, dir, map[string]string{file: ""})
		}
		got, err := toolchain.Detect(dir)
		var undetected *toolchain.UndetectedError
		switch {
		case len(c.want) == 1 && (err != nil || got != c.want[0]):
			t.Errorf("%v: %s, %v", c.files, got, err)
		case len(c.want) != 1 && (!errors.As(err, &undetected) || !slices.Equal(undetected.Found, c.want)):
			t.Errorf("%v: %s, %v", c.files, got, err)
		}
	}
}

// TestMissingTool holds that no compiler is looked for anywhere but in PATH, and
// that each that is missing is named, with what to do.
func TestMissingTool(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, lang := range scaffold.Languages() {
		if lang == language.JavaScript {
			continue // needs none
		}
		dir := filepath.Join(t.TempDir(), "orders")
		if _, err := scaffold.New(dir, lang); err != nil {
			t.Fatal(err)
		}
		_, err := toolchain.Build(context.Background(), toolchain.Options{Dir: dir})
		var missing *toolchain.MissingError
		if !errors.As(err, &missing) || missing.Language != lang || !strings.Contains(missing.Install, "install") {
			t.Errorf("%s: %v", lang, err)
		}
	}
}

func TestAHalfToolchainIsMissing(t *testing.T) {
	tools := t.TempDir()
	clang, err := exec.LookPath("true")
	if err != nil {
		t.Skip("SKIPPED: there is no command to stand in for a compiler")
	}
	if err := os.Symlink(clang, filepath.Join(tools, "clang")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools)
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.c": ""})
	var missing *toolchain.MissingError
	if _, err := toolchain.Build(context.Background(), toolchain.Options{Dir: dir}); !errors.As(err, &missing) || missing.Tool != "wasm-ld" {
		t.Errorf("the error is %v", err)
	}
}

// TestNameOfAGoModule holds what module paths the name is made of.
func TestNameOfAGoModule(t *testing.T) {
	for text, want := range map[string]string{
		"module example.com/orders\n":                      "orders.wasm",
		"// of ours\n\nmodule \"example.com/orders/v2\"\n": "orders.wasm",
		"module orders // the name\n":                      "orders.wasm",
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"go.mod": text})
		if path, _, err := toolchain.ModulePath(dir); err != nil || filepath.Base(path) != want {
			t.Errorf("%q: %s, %v", text, path, err)
		}
	}
}

// TestNameOfACrate holds where the name stands.
func TestNameOfACrate(t *testing.T) {
	for text, want := range map[string]string{
		"[package]\nname = \"orders\"\n":                                               "orders.wasm",
		"[lib]\ncrate-type = [\"cdylib\"]\n\n[ package ]\nname=\"my-orders\" # ours\n": "my-orders.wasm",
		"[dependencies]\nname = \"x\"\n[package]\nversion = \"1\"\nname = 'orders'\n":  "orders.wasm",
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"Cargo.toml": text})
		if path, _, err := toolchain.ModulePath(dir); err != nil || filepath.Base(path) != want {
			t.Errorf("%q: %s, %v", text, path, err)
		}
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"a\"]\n"})
	if _, _, err := toolchain.ModulePath(dir); err == nil || !strings.Contains(err.Error(), "names no package") {
		t.Errorf("for a workspace: %v", err)
	}
}

// TestAFailedBuildKeepsTheModule: a module stays until another one is whole.
func TestAFailedBuildKeepsTheModule(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "orders")
	if _, err := scaffold.New(dir, language.Go); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	first, err := toolchain.Build(ctx, toolchain.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	again, err := toolchain.Build(ctx, toolchain.Options{Dir: dir})
	if err != nil || again != first {
		t.Errorf("built again it is %+v, %v, not %+v", again, err, first)
	}
	write(t, dir, map[string]string{"more.go": "package main\n\nvar x int = \"no number\"\n"})
	var said bytes.Buffer
	_, err = toolchain.Build(ctx, toolchain.Options{Dir: dir, Output: &said})
	var compiler *toolchain.CompilerError
	if !errors.As(err, &compiler) || !strings.Contains(said.String(), "more.go:3") {
		t.Errorf("the error is %v, and the compiler said: %s", err, &said)
	}
	if info, err := os.Stat(first.Path); err != nil || info.Size() != first.Size {
		t.Errorf("the module before is gone: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".build-*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
}
