package wasm

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/tetratelabs/wazero"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/gate"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/snapshot"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Module is a compiled projection. It is safe for concurrent use.
type Module struct {
	host      *Host
	kind      imports.Kind
	limits    Limits
	name      string // for errors and logs: the manifest's, the file's before
	script    []byte // for refold_load; nil for none
	digest    snapshot.Digest
	seed      uint64
	size      int
	imports   []string
	globals   []string // export names of the mutable globals
	tables    []changedTable
	query     bool
	manifest  manifest.Manifest
	compiled  wazero.CompiledModule
	functions *functions // that can be in a slot of the table
	base      *snapshot.Base
	changes   int64 // that a fresh instance has made; see meter.Changes
	uses      uses
	freed     bool
}

// ErrClosed is of a module that has been freed, and starts no instance any more.
var ErrClosed = errors.New("the module is closed")

// uses counts the instances and pools of a module.
type uses struct {
	mu     sync.Mutex
	n      int
	closed bool
}

// hold begins a use. One that is held may be used again until it is freed.
func (m *Module) hold() error {
	m.uses.mu.Lock()
	defer m.uses.mu.Unlock()
	if m.uses.closed && m.uses.n == 0 {
		return fmt.Errorf("starting plugin %s: %w", m.name, ErrClosed)
	}
	m.uses.n++
	return nil
}

// release ends a use, and frees a closed module behind the last one.
func (m *Module) release(ctx context.Context) error {
	m.uses.mu.Lock()
	defer m.uses.mu.Unlock()
	if m.uses.n--; m.uses.n > 0 || !m.uses.closed {
		return nil
	}
	return m.free(ctx)
}

// declare takes over what the module's file declares.
func (m *Module) declare(file *wasmfile.File) {
	for _, imp := range file.Imports {
		m.imports = append(m.imports, imp.Module+"."+imp.Name)
	}
	slices.Sort(m.imports)
	m.imports = slices.Compact(m.imports)
	for _, e := range gate.MutableGlobals(file) {
		m.globals = append(m.globals, e.Name)
	}
	m.query = slices.ContainsFunc(file.Exports, func(e wasmfile.Export) bool { return e.Name == exportQuery })
}

// number takes over what the meter has added to the compiled module: what there
// is to be saved beside memory and globals.
func (m *Module) number(file *wasmfile.File) {
	added := m.compiled.ExportedFunctions()
	for index, t := range file.Tables {
		if added[meter.TableSize+strconv.Itoa(index)] == nil {
			continue
		}
		limit := uint32(m.limits.TableElements)
		if t.Size.HasMax {
			limit = min(limit, t.Size.Max)
		}
		m.tables = append(m.tables, changedTable{uint32(index), limit})
	}
	var list []uint32
	if added[meter.Function] != nil {
		list = file.Declared()
	}
	m.functions = newFunctions(file, list)
}

// shape is what a snapshot of an instance may have.
func (m *Module) shape() snapshot.Shape {
	s := snapshot.Shape{Globals: len(m.globals), Functions: len(m.functions.typeOf) - 1, MaxPages: uint32(m.limits.MemoryPages)}
	for _, t := range m.tables {
		s.MaxTables = append(s.MaxTables, t.limit)
	}
	return s
}

// Manifest is what the plugin says about itself.
func (m *Module) Manifest() manifest.Manifest { return m.manifest }

// Digest identifies the module's file, or the script's file, its name and the
// module that runs it: "sha256:" and 64 hex digits.
func (m *Module) Digest() string { return asText(m.digest) }

func asText(d snapshot.Digest) string { return "sha256:" + hex.EncodeToString(d[:]) }

// Size is the size of the module's file in bytes; for a script, that of the
// module that runs it is added.
func (m *Module) Size() int { return m.size }

// Imports lists what the module imports, each as "module.name", sorted.
func (m *Module) Imports() []string { return slices.Clone(m.imports) }

// Limits are the limits of each instance, with the defaults filled in.
func (m *Module) Limits() Limits { return m.limits }

// CanQuery reports whether the plugin answers queries.
func (m *Module) CanQuery() bool { return m.query }

// Close frees the module: at once, or when the last of its instances and pools is closed,
// which go on until then. A second Close does nothing.
func (m *Module) Close(ctx context.Context) error {
	m.uses.mu.Lock()
	defer m.uses.mu.Unlock()
	if m.uses.closed {
		return nil
	}
	m.uses.closed = true
	if m.uses.n > 0 {
		return nil
	}
	return m.free(ctx)
}

func (m *Module) free(ctx context.Context) error {
	if m.compiled == nil {
		return nil
	}
	m.freed = true
	return m.compiled.Close(ctx)
}

// blame names the plugin in a *runtime.GuestError that does not know it.
func (m *Module) blame(err error) error {
	var guest *runtime.GuestError
	if errors.As(err, &guest) && guest.Plugin == "" {
		guest.Plugin, guest.Executor = m.name, m.kind == imports.Executor
	}
	return err
}
