package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/refold-dev/refold/sdk/language"
)

// Options says what to build.
type Options struct {
	// Dir is the project's folder.
	Dir string
	// Language is the project's; empty to detect it.
	Language language.Language
	// Module is the path of the module to write; empty for the language's own in
	// Dir.
	Module string
	// Output gets what the compiler writes; nil discards it.
	Output io.Writer
}

// Module is a built module.
type Module struct {
	Language language.Language `json:"language"`
	Path     string            `json:"module"`
	Size     int64             `json:"size"` // bytes
}

// CompilerError is a compiler that ended without a module. What it had to say
// went to Options.Output.
type CompilerError struct {
	Command string
	Err     error
}

func (e *CompilerError) Error() string { return fmt.Sprintf("%s: %v", e.Command, e.Err) }
func (e *CompilerError) Unwrap() error { return e.Err }

// compiler knows a language's compiler.
type compiler struct {
	// name names the module of the project in dir, without an ending.
	name func(dir string) (string, error)
	// compile makes the module out of the project in dir.
	compile func(ctx context.Context, r *runner, dir, out string) error
}

var compilers = map[language.Language]compiler{
	language.Go:             {goName, compileGo},
	language.C:              {cName, compileC},
	language.Rust:           {rustName, compileRust},
	language.AssemblyScript: {assemblyScriptName, compileAssemblyScript},
	language.Zig:            {zigName, compileZig},
}

// Build builds a project. The error is an *UndetectedError, a *MissingError, a
// *CompilerError or one of the file system.
func Build(ctx context.Context, o Options) (Module, error) {
	if o.Language == "" {
		var err error
		if o.Language, err = Detect(o.Dir); err != nil {
			return Module{}, err
		}
	}
	path, err := modulePath(o)
	if err != nil {
		return Module{}, err
	}
	if c, compiled := compilers[o.Language]; compiled {
		if err := c.into(ctx, &runner{o.Output}, o.Dir, path); err != nil {
			return Module{}, err
		}
	}
	return describe(o.Language, path)
}

// modulePath is where the module of a project is, or will be.
func modulePath(o Options) (string, error) {
	c, compiled := compilers[o.Language]
	if !compiled {
		return script(o.Dir)
	}
	if o.Module != "" {
		return o.Module, nil
	}
	name, err := c.name(o.Dir)
	return filepath.Join(o.Dir, name+".wasm"), err
}

// ModulePath is where Build puts the module of the project in dir.
func ModulePath(dir string) (string, language.Language, error) {
	lang, err := Detect(dir)
	if err != nil {
		return "", "", err
	}
	path, err := modulePath(Options{Dir: dir, Language: lang})
	return path, lang, err
}

// into compiles to a file beside path, and moves it there.
func (c compiler) into(ctx context.Context, r *runner, dir, path string) (err error) {
	draft, err := os.MkdirTemp(filepath.Dir(path), ".build-*")
	if err != nil {
		return fmt.Errorf("building in %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(draft)) }()
	out, err := filepath.Abs(filepath.Join(draft, "module.wasm"))
	if err != nil {
		return err
	}
	if err := c.compile(ctx, r, dir, out); err != nil {
		return err
	}
	if err := os.Chmod(out, 0o644); err != nil { //nolint:gosec // a module is no secret, and no program
		return fmt.Errorf("building in %s: %w", dir, err)
	}
	return os.Rename(out, path)
}

func describe(lang language.Language, path string) (Module, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Module{}, fmt.Errorf("looking at the module: %w", err)
	}
	return Module{lang, path, info.Size()}, nil
}

// runner runs compilers.
type runner struct{ output io.Writer }

// run runs a compiler in dir, with variables besides those of this process.
func (r *runner) run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = r.output, r.output
	if err := cmd.Run(); err != nil {
		return &CompilerError{filepath.Base(name), err}
	}
	return nil
}
