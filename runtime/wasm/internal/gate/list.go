package gate

import (
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

// Import is an import and whether a plugin may have it.
type Import struct {
	Name, Type string
	Allowed    bool
}

// Export is an export.
type Export struct{ Name, Type string }

// Imports lists what a module of a kind imports, in the file's order.
func Imports(f *wasmfile.File, kind imports.Kind) []Import {
	var list []Import
	allowed := permitted(kind)
	for _, imp := range f.Imports {
		i := Import{Name: imp.Module + "." + imp.Name, Type: imp.Kind.String()}
		if imp.Kind == wasmfile.Func {
			got := f.Types[imp.Type]
			want, ok := allowed[i.Name]
			i.Type, i.Allowed = text(got), ok && equal(got, want)
		}
		list = append(list, i)
	}
	return list
}

// Exports lists what a module exports, in the file's order.
func Exports(f *wasmfile.File) []Export {
	var list []Export
	for _, e := range f.Exports {
		out := Export{Name: e.Name, Type: e.Kind.String()}
		if t, ok := f.FuncType(e.Index); ok && e.Kind == wasmfile.Func {
			out.Type = text(t)
		}
		list = append(list, out)
	}
	return list
}
