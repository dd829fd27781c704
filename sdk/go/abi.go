//go:build wasip1 || wasm_unknown

package refold

import "github.com/refold-dev/refold/sdk/go/internal/module"

// The memory that the host reads between calls. These variables keep it alive.
var (
	manifestText []byte
	answer       []byte
)

//go:wasmimport refold begin_event
func beginEvent(index int32)

//go:wasmexport refold_describe
func describe() int64 {
	if manifestText == nil {
		manifestText = Registered().Describe()
	}
	return module.Span(manifestText)
}

//go:wasmexport refold_fold
func fold(ptr, length int32) int64 { return module.Span(Registered().Fold(module.Given(ptr, length))) }

// refoldQuery returns an empty text for a query that is refused, and says why
// in the plugin's log.
//
//go:wasmexport refold_query
func refoldQuery(ptr, length int32) int64 {
	text, err := Registered().Query(string(module.Given(ptr, length)))
	if err != nil {
		Print(Error, "query: "+err.Error())
		return 0
	}
	answer = text
	return module.Span(text)
}
