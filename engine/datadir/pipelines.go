package datadir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/refold-dev/refold/engine/config"
)

// ErrUnknownPipeline is a pipeline that the directory knows nothing of.
var ErrUnknownPipeline = errors.New("the data directory has no such pipeline")

// Adopt copies a pipeline's module into the directory and notes its
// declaration, so that its state can be read later on without either. It
// returns the declaration with the path of the copy. A process is not copied, for
// it may need what lies beside it; it is pinned to what it is now.
func (d Dir) Adopt(p config.Pipeline) (config.Pipeline, error) {
	p, err := d.Place(p)
	if err != nil {
		return p, err
	}
	return p, d.Note(p)
}

// Place is the part of Adopt that copies the module: the declaration is noted by Note, or
// was not to be.
func (d Dir) Place(p config.Pipeline) (config.Pipeline, error) {
	if p.Projection.Process != nil {
		return pinned(p)
	}
	module, err := os.ReadFile(p.Projection.WASM)
	if err != nil {
		return p, fmt.Errorf("pipeline %s: reading its module: %w", p.Name, err)
	}
	name := moduleName(p.Projection.WASM, module)
	if _, err := os.Stat(d.modulePath(name)); errors.Is(err, fs.ErrNotExist) {
		if err := WriteFile(d.modulePath(name), module); err != nil {
			return p, err
		}
	}
	p.Projection.WASM = d.modulePath(name)
	return p, nil
}

// Note notes the declaration of a pipeline that Place has returned.
func (d Dir) Note(p config.Pipeline) error {
	p.Projection.WASM = copyName(p.Projection.WASM) // relative, so that a data directory can be moved
	return d.write(specName(p.Name), p)
}

// pinned is a pipeline whose projection is a process, as its executable is now.
func pinned(p config.Pipeline) (config.Pipeline, error) {
	code, err := os.ReadFile(p.Projection.Process.Path())
	if err != nil {
		return p, fmt.Errorf("pipeline %s: reading its executable: %w", p.Name, err)
	}
	sum := sha256.Sum256(code)
	process := *p.Projection.Process
	process.SHA256 = hex.EncodeToString(sum[:])
	p.Projection.Process = &process
	return p, nil
}

// moduleName is what a module's copy is called. A script keeps its own name, which
// errors in it tell.
func moduleName(path string, module []byte) string {
	sum := sha256.Sum256(module)
	digest := hex.EncodeToString(sum[:])
	if filepath.Ext(path) == ".js" {
		return digest + "/" + filepath.Base(path)
	}
	return digest + ".wasm"
}

// Placed is where a module's copy is: at a path that Adopt has given, or here, if the
// directory has been moved since.
func (d Dir) Placed(path string) string {
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if name := copyName(path); name != "" {
		return d.modulePath(name)
	}
	return path
}

// copyName is what a module's copy is called that is at a path; empty where none can be.
func copyName(path string) string {
	m := copyPath.FindStringSubmatch(filepath.ToSlash(path))
	if m == nil {
		return ""
	}
	return m[1]
}

var copyPath = regexp.MustCompile(`/modules/([0-9a-f]{64}(?:\.wasm|/[^/]+\.js))$`)

// DropModules removes the copies of modules that none of the declarations names, nor what
// Adopt has noted.
func (d Dir) DropModules(needed []config.Pipeline) error {
	noted, err := d.Pipelines()
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, p := range append(noted, needed...) {
		name, _, _ := strings.Cut(copyName(p.Projection.WASM), "/")
		keep[name] = true
	}
	entries, err := os.ReadDir(d.Path("modules"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("listing the modules of %s: %w", d.path, err)
	}
	for _, entry := range entries {
		if keep[entry.Name()] {
			continue
		}
		if err := os.RemoveAll(d.modulePath(entry.Name())); err != nil {
			return fmt.Errorf("removing a module that no generation needs: %w", err)
		}
	}
	return nil
}

func (d Dir) modulePath(name string) string { return d.Path("modules", name) }

func specName(pipeline string) string { return "pipelines/" + pipeline + "/spec.json" }

// Pipeline returns a pipeline's declaration as Adopt noted it.
func (d Dir) Pipeline(name string) (config.Pipeline, error) {
	var p config.Pipeline
	err := fs.ErrNotExist // of a name that cannot be one, and must not lead out of the directory
	if config.IsPipelineName(name) {
		err = d.read(specName(name), &p)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return p, fmt.Errorf("pipeline %q: %w", name, ErrUnknownPipeline)
	}
	if p.Projection.Process == nil {
		p.Projection.WASM = d.modulePath(p.Projection.WASM)
	}
	return p, err
}

// Pipelines returns all declarations, in the order of their names. What is no
// pipeline's folder, or one that a crash kept from being declared, is passed over.
func (d Dir) Pipelines() ([]config.Pipeline, error) {
	entries, err := os.ReadDir(d.PipelinesPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the pipelines of %s: %w", d.path, err)
	}
	var list []config.Pipeline
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		p, err := d.Pipeline(entry.Name())
		if errors.Is(err, ErrUnknownPipeline) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}
