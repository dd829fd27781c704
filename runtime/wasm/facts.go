package wasm

import (
	"encoding/hex"
	"errors"
	"path/filepath"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/gate"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

// Facts are what a module's file declares; of a script, the module that runs it.
type Facts struct {
	// Executor reports whether the module is one, by its exports.
	Executor bool
	Size     int    // in bytes
	Digest   string // as a configuration pins it: 64 hex digits
	// Imports and Exports are in the order of the file.
	Imports []Import
	Exports []Export
	Memory  []Bounds // in pages of 64 KiB
	Tables  []Bounds // in elements
	// Functions is how many the module has beside those that it imports.
	Functions int
	// Names reports whether functions have names, which a trap then shows.
	Names bool
	// Refusal is why the module does not load; nil if its declarations are in order.
	Refusal *runtime.GuestError
}

// Import is what a module imports.
type Import struct {
	// Name is "module.name", Type such as "(i32, i32) -> i64", or the kind of what
	// is no function.
	Name, Type string
	// Allowed reports whether a plugin of its kind may have it.
	Allowed bool
}

// Export is what a module exports.
type Export struct{ Name, Type string }

// Bounds are how large a memory or table starts, and how large it may become, by
// the file; no Max is 0.
type Bounds struct{ Min, Max uint32 }

// Examine reads what the module at path declares, or the module that runs the
// script at path, and runs nothing of it. The
// error is a *runtime.GuestError for a file that cannot be read as a module.
func Examine(path string, limits Limits) (*Facts, error) {
	limits, err := limits.resolve()
	if err != nil {
		return nil, err
	}
	from, err := readSource(path)
	if err != nil {
		return nil, err
	}
	facts := &Facts{Size: len(from.code) + len(from.script), Digest: hex.EncodeToString(from.digest[:])}
	file, err := wasmfile.Decode(from.code)
	if err != nil {
		return nil, (&Module{name: filepath.Base(path)}).blame(gate.Explain(err))
	}
	kind := gate.KindOf(file)
	facts.declare(file, kind)
	_, _, err = inspect(from.code, kind, limits)
	if errors.As(err, &facts.Refusal) {
		facts.Refusal.Plugin, facts.Refusal.Executor = filepath.Base(path), facts.Executor
	}
	return facts, nil
}

func (f *Facts) declare(file *wasmfile.File, kind imports.Kind) {
	f.Executor = kind == imports.Executor
	for _, i := range gate.Imports(file, kind) {
		f.Imports = append(f.Imports, Import(i))
	}
	for _, e := range gate.Exports(file) {
		f.Exports = append(f.Exports, Export(e))
	}
	for _, m := range file.Memories {
		f.Memory = append(f.Memory, bounds(m))
	}
	for _, t := range file.Tables {
		f.Tables = append(f.Tables, bounds(t.Size))
	}
	f.Functions, f.Names = len(file.Functions), file.Named
}

func bounds(s wasmfile.Size) Bounds {
	if !s.HasMax {
		return Bounds{Min: s.Min}
	}
	return Bounds{Min: s.Min, Max: s.Max}
}
