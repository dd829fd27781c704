package gate

import (
	"fmt"
	"strings"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

const (
	abiMarker = "refold_abi_v1"
	fold      = "refold_fold"
	execute   = "refold_execute"
)

// want is an export of the ABI.
type want struct {
	name     string
	optional bool
	kind     wasmfile.Kind
	sig      wasmfile.FuncType
}

// abi lists the exports of plugin ABI v1.
func abi(kind imports.Kind) []want {
	i32, i64 := wasmfile.I32, wasmfile.I64
	none := wasmfile.FuncType{}
	exchange := wasmfile.FuncType{Params: []wasmfile.ValueType{i32, i32}, Results: []wasmfile.ValueType{i64}}
	list := []want{
		{name: "memory", kind: wasmfile.Memory},
		{name: abiMarker, sig: none},
		{name: "_initialize", sig: none, optional: true},
		{name: "refold_alloc", sig: wasmfile.FuncType{Params: exchange.Params[:1], Results: exchange.Params[:1]}},
		{name: "refold_describe", sig: wasmfile.FuncType{Results: exchange.Results}},
	}
	if kind == imports.Executor {
		return append(list, want{name: execute, sig: exchange}, want{name: "refold_configure", sig: exchange, optional: true})
	}
	return append(list, want{name: fold, sig: exchange},
		want{name: "refold_query", sig: exchange, optional: true}, want{name: "refold_load", sig: exchange, optional: true})
}

// checkExports refuses a module that does not export what the ABI wants.
func checkExports(f *wasmfile.File, kind imports.Kind) error {
	exports := make(map[string]wasmfile.Export, len(f.Exports))
	for _, e := range f.Exports {
		if _, twice := exports[e.Name]; twice {
			return refuse(runtime.Malformed, fmt.Sprintf("exports %q twice", e.Name), "")
		}
		if strings.HasPrefix(e.Name, meter.Prefix) {
			return refuse(runtime.Unsupported, fmt.Sprintf("exports %q, a name that is reserved", e.Name), "")
		}
		exports[e.Name] = e
	}
	if _, ok := exports["_start"]; ok {
		return refuse(runtime.Unsupported, "is a program with a _start, not a library",
			"build a reactor: Go with -buildmode=c-shared, C with -mexec-model=reactor, Rust as a cdylib")
	}
	var missing, wrong []string
	for _, w := range abi(kind) {
		e, ok := exports[w.name]
		if !ok {
			if !w.optional {
				missing = append(missing, w.name)
			}
			continue
		}
		if fault := w.fault(f, e); fault != "" {
			wrong = append(wrong, fault)
		}
	}
	if len(missing) > 0 {
		return refuse(runtime.MissingExport, "lacks the exports "+strings.Join(missing, ", "), missingHint(f, exports, kind))
	}
	if len(wrong) > 0 {
		return refuse(runtime.WrongSignature, strings.Join(wrong, "; "), "")
	}
	return nil
}

// asExecutor says where a module belongs that performs effects.
const asExecutor = "it is an executor: name it under `executors: [{wasm: {module: FILE.wasm}}]`"

// fault says how an export differs from what the ABI wants.
func (w want) fault(f *wasmfile.File, e wasmfile.Export) string {
	if e.Kind != w.kind {
		return fmt.Sprintf("export %s is a %s, not a %s", w.name, e.Kind, w.kind)
	}
	if w.kind != wasmfile.Func {
		return ""
	}
	got, ok := f.FuncType(e.Index)
	if !ok {
		return fmt.Sprintf("export %s names function %d, which does not exist", w.name, e.Index)
	}
	if !equal(got, w.sig) {
		return fmt.Sprintf("export %s is %s, but must be %s", w.name, text(got), text(w.sig))
	}
	return ""
}

func missingHint(f *wasmfile.File, exports map[string]wasmfile.Export, kind imports.Kind) string {
	_, executes := exports[execute]
	_, folds := exports[fold]
	switch {
	case kind == imports.Projection && executes:
		return asExecutor
	case kind == imports.Executor && folds:
		return "it is a projection: name it under `projection: {wasm: FILE.wasm}`"
	}
	for _, e := range f.Exports {
		if strings.HasPrefix(e.Name, "refold_abi_v") && e.Name != abiMarker {
			return fmt.Sprintf("the module speaks %s; this Refold speaks %s", e.Name, abiMarker)
		}
	}
	return "build the plugin with one of Refold's kits, or export them as sdk/ABI.md says"
}
