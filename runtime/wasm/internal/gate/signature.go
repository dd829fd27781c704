package gate

import (
	"slices"
	"strings"

	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

func equal(a, b wasmfile.FuncType) bool {
	return slices.Equal(a.Params, b.Params) && slices.Equal(a.Results, b.Results)
}

// text writes a signature, such as "(i32, i32) -> i64".
func text(t wasmfile.FuncType) string {
	s := "(" + list(t.Params) + ")"
	switch len(t.Results) {
	case 0:
		return s
	case 1:
		return s + " -> " + t.Results[0].String()
	}
	return s + " -> (" + list(t.Results) + ")"
}

func list(types []wasmfile.ValueType) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}

// valueTypes converts what package imports lists: api.ValueType is a byte with
// the binary format's numbers.
func valueTypes(types []byte) []wasmfile.ValueType {
	list := make([]wasmfile.ValueType, len(types))
	for i, t := range types {
		list[i] = wasmfile.ValueType(t)
	}
	return list
}
