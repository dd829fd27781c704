package wasm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/snapshot"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// The guest's functions.
const (
	exportInitialize = "_initialize"
	exportAlloc      = "refold_alloc"
	exportDescribe   = "refold_describe"
	exportFold       = "refold_fold"
	exportQuery      = "refold_query"
)

// Instance is one running copy of a projection. It is not safe for concurrent use.
type Instance struct {
	module     *Module
	guest      *imports.Guest
	wasm       api.Module
	alloc      api.Function
	fold       api.Function
	query      api.Function // nil if the plugin answers none
	budget     budget
	references references
	dead       *runtime.GuestError
	used       uint64 // fuel, since it was last asked for
	closed     bool
	// stack takes the parameters and results of a call, so that none allocates.
	stack [2]uint64
}

// Instantiate starts a fresh instance, to be closed after use. Of a module that has
// been freed there is an ErrClosed.
func (m *Module) Instantiate(ctx context.Context) (*Instance, error) {
	if err := m.hold(); err != nil {
		return nil, err
	}
	i := &Instance{module: m}
	if err := i.start(ctx); err != nil {
		if unfreed := m.release(ctx); unfreed != nil {
			err = errors.Join(err, unfreed)
		}
		return nil, err
	}
	return i, nil
}

// start makes i a fresh instance.
func (i *Instance) start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("starting plugin %s: %w", i.module.name, err)
	}
	m := i.module
	log := imports.NewLog(m.host.logger.With("plugin", m.name), m.limits.LogBytes)
	i.guest = imports.NewGuest(m.seed, log)
	if m.kind == imports.Executor {
		i.guest.Live = imports.NewLive(time.Now, rand.Reader)
	}
	i.guest.Begin(ctx)
	defer i.guest.End()
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	wasm, err := m.host.runtime.InstantiateModule(i.guest, m.compiled, config)
	if err != nil {
		return i.startFault(err)
	}
	i.wasm, i.budget, i.references = wasm, newBudget(wasm), newReferences(wasm, m.tables)
	i.guest.Fuel = i.budget.fuel
	if err := i.references.check(ctx, m.functions); err != nil {
		return errors.Join(i.startFault(err), wasm.Close(ctx))
	}
	for _, name := range []string{meter.Start, exportInitialize} {
		if err := i.initialize(wasm.ExportedFunction(name)); err != nil {
			return errors.Join(err, wasm.Close(ctx))
		}
	}
	i.alloc = wasm.ExportedFunction(exportAlloc)
	if m.kind == imports.Executor {
		return nil
	}
	i.fold, i.query = wasm.ExportedFunction(exportFold), wasm.ExportedFunction(exportQuery)
	if err := i.loadScript(); err != nil {
		return errors.Join(err, wasm.Close(ctx))
	}
	return nil
}

// initialize calls a function, if there is one, that prepares the instance.
func (i *Instance) initialize(fn api.Function) error {
	if fn == nil {
		return nil
	}
	i.budget.grant(&i.module.limits, noEvents)
	if err := fn.CallWithStack(i.guest, nil); err != nil {
		return i.startFault(err)
	}
	return nil
}

func (i *Instance) startFault(err error) error {
	fault := i.fault(err)
	fault.Reason = "while it was starting: " + fault.Reason
	return fault
}

// Manifest is what the plugin says about itself.
func (i *Instance) Manifest() manifest.Manifest { return i.module.manifest }

// Digest identifies the plugin's module: "sha256:" and 64 hex digits.
func (i *Instance) Digest() string { return i.module.Digest() }

// Fold passes a batch frame to the plugin and returns the bytes of its result
// frame, to be checked with frame.OpenResult. They lie in the guest's memory:
// they are valid until the next call of any method, and must not be changed.
// After an error that is a *runtime.GuestError the instance is dead.
func (i *Instance) Fold(ctx context.Context, batch []byte) ([]byte, error) {
	if len(batch) > frame.MaxSize {
		return nil, fmt.Errorf("folding: a batch of %d bytes is larger than %d", len(batch), frame.MaxSize)
	}
	return i.exchange(ctx, i.fold, batch, frame.EventCount(batch))
}

// Query passes a query, UTF-8 text of which the empty one means everything, to
// the plugin and returns its answer, JSON text. The answer is valid as long as
// that of Fold. A plugin that answers no queries is a *runtime.GuestError with
// code runtime.NoQuery, and goes on; after any other the instance is dead.
func (i *Instance) Query(ctx context.Context, query []byte) ([]byte, error) {
	if len(query) > frame.MaxSize {
		return nil, fmt.Errorf("querying: a query of %d bytes is larger than %d", len(query), frame.MaxSize)
	}
	if i.query == nil {
		return nil, i.module.blame(&runtime.GuestError{Code: runtime.NoQuery, Event: runtime.NoEvent,
			Reason: "answers no queries", Hint: "export " + exportQuery})
	}
	return i.exchange(ctx, i.query, query, noEvents)
}

// CanQuery reports whether the plugin answers queries.
func (i *Instance) CanQuery() bool { return i.query != nil }

// Close frees the instance. A second Close does nothing.
func (i *Instance) Close(ctx context.Context) error {
	if i.closed {
		return nil
	}
	i.closed = true
	return errors.Join(i.wasm.Close(ctx), i.module.release(ctx))
}

// Used is the fuel that folds and queries have used since the last call of Used, and the
// size of the instance's memory in bytes.
func (i *Instance) Used() (fuel, memory uint64) {
	fuel, i.used = i.used, 0
	return fuel, uint64(i.wasm.Memory().Size())
}

// MemoryPages is the size of the instance's memory, in pages of 64 KiB.
func (i *Instance) MemoryPages() int { return int(i.wasm.Memory().Size() / snapshot.PageSize) }
