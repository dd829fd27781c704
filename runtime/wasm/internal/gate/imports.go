package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

// permitted are the types of all that a plugin of a kind may import, by name.
func permitted(kind imports.Kind) map[string]wasmfile.FuncType {
	allowed := map[string]wasmfile.FuncType{}
	for _, fn := range imports.Functions(kind) {
		allowed[fn.Module+"."+fn.Name] = wasmfile.FuncType{Params: valueTypes(fn.Params), Results: valueTypes(fn.Results)}
	}
	return allowed
}

// checkImports refuses everything that is not in package imports.
func checkImports(f *wasmfile.File, kind imports.Kind) error {
	allowed := permitted(kind)
	var forbidden, wrong []string
	for _, imp := range f.Imports {
		name := imp.Module + "." + imp.Name
		want, ok := allowed[name]
		switch {
		case imp.Kind != wasmfile.Func:
			forbidden = append(forbidden, fmt.Sprintf("%s (a %s)", name, imp.Kind))
		case !ok:
			forbidden = append(forbidden, name)
		default:
			if got := f.Types[imp.Type]; !equal(got, want) {
				wrong = append(wrong, fmt.Sprintf("%s is imported as %s, but is %s", name, text(got), text(want)))
			}
		}
	}
	if len(forbidden) > 0 {
		slices.Sort(forbidden)
		forbidden = slices.Compact(forbidden)
		return refuse(runtime.ForbiddenImport, "imports what a plugin may not have: "+strings.Join(forbidden, ", "), hint(forbidden, kind))
	}
	if len(wrong) > 0 {
		return refuse(runtime.WrongSignature, strings.Join(wrong, "; "), "")
	}
	return nil
}

// hint says where imports of this kind usually come from.
func hint(forbidden []string, kind imports.Kind) string {
	for _, name := range forbidden {
		switch {
		case name == "env.abort":
			return "AssemblyScript: build with --use abort=, naming a function of your own"
		case name == "env.memory (a memory)":
			return "build without --import-memory"
		case strings.HasPrefix(name, "env."):
			return "a function that is declared but not linked becomes an import of env: link it in"
		case strings.HasPrefix(name, "gojs."):
			return "build with GOOS=wasip1, not GOOS=js"
		case kind == imports.Projection && (strings.HasPrefix(name, imports.ModuleHost+".") || name == imports.ModuleRefold+"."+imports.BeginEffect):
			return asExecutor + ", or let the projection return effects in place of I/O"
		case kind == imports.Executor && name == imports.ModuleRefold+"."+imports.BeginEvent:
			return "an executor marks effects, by begin_effect"
		}
	}
	if kind == imports.Executor {
		return "an executor reaches the world by calls of " + imports.ModuleHost + " alone: see sdk/ABI.md"
	}
	return "a projection is a pure function of its events: let it return effects in place of I/O"
}
