package wasm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tetratelabs/wazero"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/gate"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/snapshot"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
	"github.com/refold-dev/refold/sdk/manifest"
)

// maxFileBytes bounds a module's file.
const maxFileBytes = 256 << 20

// Load reads the module at path, or the script, if the path ends in .js; checks
// that it may be hosted, compiles it and runs it once to read its manifest and to
// see what a fresh instance looks like. What is wrong with the module or the
// script is a *runtime.GuestError.
func (h *Host) Load(ctx context.Context, path string, limits Limits) (*Module, error) {
	return h.loadProjection(ctx, path, limits, false)
}

// loadProjection loads a module whose marks call the host if it is to be measured.
func (h *Host) loadProjection(ctx context.Context, path string, limits Limits, measured bool) (*Module, error) {
	m, err := h.load(ctx, path, limits, imports.Projection, measured)
	if err != nil {
		return nil, err
	}
	if err := m.introduce(ctx); err != nil {
		return nil, errors.Join(err, m.Close(ctx))
	}
	return m, nil
}

// load reads, checks and compiles a module, and runs nothing of it.
func (h *Host) load(ctx context.Context, path string, limits Limits, kind imports.Kind, measured bool) (*Module, error) {
	limits, err := limits.resolve()
	if err != nil {
		return nil, err
	}
	from, err := readSource(path)
	if err != nil {
		return nil, err
	}
	m := &Module{host: h, kind: kind, limits: limits, name: filepath.Base(path), script: from.script, digest: from.digest,
		size: len(from.code) + len(from.script)}
	m.seed = binary.LittleEndian.Uint64(m.digest[:])
	file, options, err := inspect(from.code, kind, limits)
	if err != nil {
		return nil, m.blame(err)
	}
	if measured {
		options.MarkModule, options.MarkName = "", ""
	}
	m.declare(file)
	metered, err := h.meter(sha256.Sum256(from.code), file, options)
	if err != nil {
		return nil, m.blame(err)
	}
	if m.compiled, err = h.compile(ctx, metered); err != nil {
		return nil, m.blame(err)
	}
	m.number(file)
	return m, nil
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the plugin's module: %w", err)
	}
	defer f.Close()
	var code bytes.Buffer
	if info, err := f.Stat(); err == nil { // so that the bytes are not copied while the buffer grows
		code.Grow(int(min(info.Size(), maxFileBytes)) + bytes.MinRead)
	}
	if _, err := code.ReadFrom(io.LimitReader(f, maxFileBytes+1)); err != nil {
		return nil, fmt.Errorf("reading the plugin's module: %w", err)
	}
	if code.Len() > maxFileBytes {
		return nil, fmt.Errorf("reading the plugin's module: %s is larger than %d bytes", path, maxFileBytes)
	}
	return code.Bytes(), nil
}

// inspect passes a module through the gate and says how to meter it: with its
// limits set and its mutable globals exported. Nothing of it has run.
func inspect(code []byte, kind imports.Kind, limits Limits) (*wasmfile.File, meter.Options, error) {
	file, err := wasmfile.Decode(code)
	if err != nil {
		return nil, meter.Options{}, gate.Explain(err)
	}
	pages, elements := uint32(limits.MemoryPages), uint32(limits.TableElements)
	if err := gate.Check(file, kind, gate.Limits{MemoryPages: pages, TableElements: elements}); err != nil {
		return nil, meter.Options{}, err
	}
	return file, meter.Options{
		MarkModule: imports.ModuleRefold, MarkName: kind.Mark(),
		MemoryMax: pages, TableMax: elements, Exports: gate.MutableGlobals(file)}, nil
}

// meter returns a module metered, from the cache if it is there.
func (h *Host) meter(digest snapshot.Digest, file *wasmfile.File, o meter.Options) ([]byte, error) {
	rewrite := func() ([]byte, error) {
		metered, err := meter.Rewrite(file, o)
		return metered, gate.Explain(err)
	}
	if h.cache == nil {
		return rewrite()
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%d.%d %x %+v", meter.Version, meter.Layout, digest, o))
	return h.cache.Metered(key, rewrite)
}

// compile compiles a module, past a damaged cache if need be. A fault of the
// compiler itself is held against the module, whose bytes are not trusted.
func (h *Host) compile(ctx context.Context, code []byte) (compiled wazero.CompiledModule, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = malformed(fmt.Errorf("the compiler gave up: %v", fault))
		}
	}()
	compiled, err = h.runtime.CompileModule(ctx, code)
	if h.cache != nil && h.cache.Damaged(err) {
		h.logger.WarnContext(ctx, "module cache damaged; compiling again", "error", err)
		if err := h.cache.Drop(); err != nil {
			return nil, err
		}
		compiled, err = h.runtime.CompileModule(ctx, code)
	}
	if err != nil {
		return nil, malformed(err)
	}
	return compiled, nil
}

func malformed(err error) error {
	return &runtime.GuestError{Code: runtime.Malformed, Event: runtime.NoEvent,
		Reason: "is no valid module: " + firstLine(err), Err: err}
}

// introduce runs the module for the first time.
func (m *Module) introduce(ctx context.Context) (err error) {
	i, err := m.Instantiate(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.Close(ctx)) }()
	fresh, err := i.state(ctx)
	if err != nil {
		return err
	}
	m.base = snapshot.NewBase(m.digest, meter.Version, fresh)
	m.changes = left(i.budget.changes)
	if m.manifest, err = describe(ctx, i, manifest.Parse); err != nil {
		return err
	}
	m.name = m.manifest.Name
	return nil
}
