package wasm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// The functions of an executor.
const (
	exportExecute   = "refold_execute"
	exportConfigure = "refold_configure"
	// maxComplaintBytes bounds what a guest may say about its configuration.
	maxComplaintBytes = 64 << 10
)

// Calls are what an executor may have of the world outside. But for Redact they are
// used during Execute only, by its goroutine.
type Calls interface {
	// Begin tells which effects are about to be performed. The batch is valid until
	// Execute returns.
	Begin(effects frame.EffectBatch)
	// Call does what a function asks for and returns the answer, a message, which
	// is not empty.
	Call(ctx context.Context, c runtime.Call) (answer []byte)
	// Wait waits for d, or until ctx is done. It is false, and may return earlier,
	// if the effect may not take so long.
	Wait(ctx context.Context, effect int, d time.Duration) bool
	// Redact takes secrets out of a text that is to be logged or told.
	Redact(text string) string
}

// ExecutorModule is a compiled executor. It is safe for concurrent use.
type ExecutorModule struct {
	module       *Module
	manifest     manifest.Executor
	configurable bool
}

// LoadExecutor is Load for a module that performs effects. It is not asked what it
// may have: that is granted to its instances.
func (h *Host) LoadExecutor(ctx context.Context, path string, limits Limits) (*ExecutorModule, error) {
	m, err := h.load(ctx, path, limits, imports.Executor, false)
	if err != nil {
		return nil, err
	}
	x := &ExecutorModule{module: m, configurable: m.compiled.ExportedFunctions()[exportConfigure] != nil}
	if err := x.introduce(ctx); err != nil {
		return nil, errors.Join(err, m.Close(ctx))
	}
	return x, nil
}

// introduce runs the module for the first time.
func (x *ExecutorModule) introduce(ctx context.Context) (err error) {
	i, err := x.module.Instantiate(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.Close(ctx)) }()
	if x.manifest, err = describe(ctx, i, manifest.ParseExecutor); err != nil {
		return err
	}
	x.module.name = x.manifest.Name
	return x.checkWants(i)
}

// capabilityOf is the capability that a function of the host needs.
var capabilityOf = map[string]manifest.Capability{
	"http": manifest.HTTP, "sql_exec": manifest.SQL, "sql_query": manifest.SQL,
	"nats_publish": manifest.NATS, "secret": manifest.Secrets,
}

// checkWants refuses a module that imports what its manifest does not say it wants,
// and why.
func (x *ExecutorModule) checkWants(i *Instance) error {
	for _, name := range x.module.imports {
		function, _ := strings.CutPrefix(name, imports.ModuleHost+".")
		capability, ok := capabilityOf[function]
		wanted := func(w manifest.Want) bool { return w.Capability == capability }
		if ok && !slices.ContainsFunc(x.manifest.Wants, wanted) {
			fault := i.complain(runtime.BadManifest, fmt.Sprintf("imports %s, but its manifest does not say what it wants %s for", name, capability))
			fault.Hint = fmt.Sprintf(`add {"capability":%q,"reason":"…"} to its wants`, capability)
			return fault
		}
	}
	return nil
}

// Manifest is what the executor says about itself.
func (x *ExecutorModule) Manifest() manifest.Executor { return x.manifest }

// Digest identifies the module's file: "sha256:" and 64 hex digits.
func (x *ExecutorModule) Digest() string { return x.module.Digest() }

// Configurable reports whether the executor takes a configuration.
func (x *ExecutorModule) Configurable() bool { return x.configurable }

// Hold keeps the module until it is released, closed or not, for whoever starts one
// instance after the other. Of one that has been freed
// there is an ErrClosed.
func (x *ExecutorModule) Hold() error { return x.module.hold() }

// Release ends what Hold has begun.
func (x *ExecutorModule) Release(ctx context.Context) error { return x.module.release(ctx) }

// Close is as that of a Module.
func (x *ExecutorModule) Close(ctx context.Context) error { return x.module.Close(ctx) }

// ExecutorInstance is one running copy of an executor. It is not safe for concurrent
// use.
type ExecutorInstance struct {
	instance *Instance
	execute  api.Function
	calls    Calls
}

// Instantiate starts a fresh instance, to be closed after use, with its
// configuration, JSON, and with what it may have. An executor that takes none gets
// none. A configuration that the guest refuses is a *runtime.GuestError.
func (x *ExecutorModule) Instantiate(ctx context.Context, config []byte, calls Calls) (*ExecutorInstance, error) {
	i, err := x.module.Instantiate(ctx)
	if err != nil {
		return nil, err
	}
	i.guest.Log.Redact(calls.Redact)
	e := &ExecutorInstance{instance: i, execute: i.wasm.ExportedFunction(exportExecute), calls: calls}
	if x.configurable {
		if err := e.configure(ctx, config); err != nil {
			return nil, errors.Join(err, i.Close(ctx))
		}
	}
	return e, nil
}

// configure hands the configuration to the guest, once.
func (e *ExecutorInstance) configure(ctx context.Context, config []byte) error {
	i := e.instance
	i.guest.Begin(ctx)
	defer i.guest.End()
	at, fault := i.put(config)
	if fault != nil {
		return i.die(fault)
	}
	i.budget.grant(&i.module.limits, noEvents)
	i.stack = [2]uint64{uint64(at), uint64(len(config))}
	complaint, fault := i.call(i.wasm.ExportedFunction(exportConfigure), maxComplaintBytes)
	switch {
	case fault != nil:
		fault.Reason = "while it was configured: " + fault.Reason
		return i.die(fault)
	case len(complaint) > 0:
		return i.die(i.complain(runtime.BadConfig, "refuses its configuration: "+strings.ToValidUTF8(string(complaint), "\uFFFD")))
	}
	return nil
}

// Execute passes a batch of effects to the executor and returns the bytes of its
// outcome, to be checked with frame.OpenOutcome. They lie in the guest's memory:
// they are valid until the next call of any method, and must not be changed. After
// an error the instance is dead, but for one before the guest was called. If ctx was
// cancelled meanwhile it is a *runtime.InterruptedError.
func (e *ExecutorInstance) Execute(ctx context.Context, effects []byte) ([]byte, error) {
	batch, err := frame.OpenEffectBatch(effects)
	if err != nil {
		return nil, fmt.Errorf("executing: %w", err)
	}
	i := e.instance
	if err := i.ready(ctx); err != nil {
		return nil, err
	}
	i.guest.Begin(ctx)
	defer i.guest.End()
	at, fault := i.put(effects)
	if fault != nil {
		return nil, i.die(fault)
	}
	e.calls.Begin(batch)
	i.guest.Enter(e.outside(ctx))
	defer i.guest.Leave()
	i.budget.grant(&i.module.limits, batch.Count())
	i.stack = [2]uint64{uint64(at), uint64(len(effects))}
	outcome, fault := i.call(e.execute, i.module.limits.OutputBytes)
	switch {
	case fault == nil:
		return outcome, nil
	case ctx.Err() != nil && errors.Is(fault, ctx.Err()):
		i.dead = fault
		return nil, &runtime.InterruptedError{Plugin: i.module.name, Effect: fault.Event, Err: ctx.Err()}
	}
	return nil, i.die(fault)
}

// outside is what the guest reaches during one call.
func (e *ExecutorInstance) outside(ctx context.Context) *imports.Outside {
	return &imports.Outside{
		Call: func(function string, request []byte) ([]byte, error) {
			answer := e.calls.Call(ctx, runtime.Call{Function: function, Effect: e.effect(), Request: request})
			return answer, ctx.Err()
		},
		Wait: func(d time.Duration) error {
			if !e.calls.Wait(ctx, e.effect(), d) {
				return errors.Join(ctx.Err(), imports.ErrWaiting)
			}
			return ctx.Err()
		},
	}
}

// effect is the index of the effect that is being performed, or NoEvent.
func (e *ExecutorInstance) effect() int {
	if at, ok := e.instance.budget.current(); ok {
		return at
	}
	return runtime.NoEvent
}

// Dead reports whether the instance has failed and serves no more.
func (e *ExecutorInstance) Dead() bool { return e.instance.dead != nil }

// Close frees the instance. A second Close does nothing.
func (e *ExecutorInstance) Close(ctx context.Context) error { return e.instance.Close(ctx) }
