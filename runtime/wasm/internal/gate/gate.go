package gate

import (
	"errors"
	"slices"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

// Limits are the limits that a module's declarations must keep to.
type Limits struct {
	MemoryPages, TableElements uint32
}

// Check refuses a module that may not be hosted as what it is to be. The error is a
// *runtime.GuestError without Plugin.
func Check(f *wasmfile.File, kind imports.Kind, limits Limits) error {
	if err := checkImports(f, kind); err != nil {
		return err
	}
	if err := checkExports(f, kind); err != nil {
		return err
	}
	if err := checkState(f); err != nil {
		return err
	}
	return checkLimits(f, limits)
}

// KindOf is what a module is by its exports: a projection, unless it can perform
// effects and cannot fold.
func KindOf(f *wasmfile.File) imports.Kind {
	exports := func(name string) bool {
		return slices.ContainsFunc(f.Exports, func(e wasmfile.Export) bool { return e.Name == name })
	}
	if exports(execute) && !exports(fold) {
		return imports.Executor
	}
	return imports.Projection
}

// Explain turns a *wasmfile.FormatError into a *runtime.GuestError without
// Plugin.
func Explain(err error) error {
	var format *wasmfile.FormatError
	if !errors.As(err, &format) {
		return err
	}
	refusal := refuse(runtime.Malformed, format.Error(), "")
	refusal.Err = err
	switch format.Fault {
	case wasmfile.NotWasm:
		refusal.Code = runtime.NotWasm
		refusal.Hint = "build a core module (not a component), such as with GOOS=wasip1 or the target wasm32-wasip1"
	case wasmfile.Truncated:
		refusal.Code = runtime.Truncated
		refusal.Hint = "copy or build the file again"
	case wasmfile.Unsupported:
		refusal.Code = runtime.Unsupported
	}
	return refusal
}

func refuse(code runtime.Code, reason, hint string) *runtime.GuestError {
	return &runtime.GuestError{Code: code, Event: runtime.NoEvent, Reason: reason, Hint: hint}
}
