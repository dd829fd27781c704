//go:build wasip1 || wasm_unknown

package executor

import (
	"runtime"
	"unsafe"

	"github.com/refold-dev/refold/sdk/go/internal/module"
)

// The memory that the host reads between calls. These variables keep it alive.
var manifestText, complaint []byte

//go:wasmimport refold begin_effect
func beginEffect(index int32)

//go:wasmimport refold_host answer
func hostAnswer(room unsafe.Pointer, length int32)

//go:wasmimport refold_host http
func hostHTTP(request unsafe.Pointer, length int32) int32

//go:wasmimport refold_host sql_exec
func hostExec(request unsafe.Pointer, length int32) int32

//go:wasmimport refold_host sql_query
func hostSelect(request unsafe.Pointer, length int32) int32

//go:wasmimport refold_host nats_publish
func hostPublish(request unsafe.Pointer, length int32) int32

//go:wasmimport refold_host secret
func hostSecret(request unsafe.Pointer, length int32) int32

// function is one of those above. A guest imports those only that it uses.
type function func(request unsafe.Pointer, length int32) int32

// call passes a request to a function and returns its answer.
func call(f function, request []byte) []byte {
	length := f(unsafe.Pointer(unsafe.SliceData(request)), int32(len(request)))
	runtime.KeepAlive(request)
	room := make([]byte, length)
	hostAnswer(unsafe.Pointer(unsafe.SliceData(room)), length)
	return room
}

//go:wasmexport refold_describe
func describe() int64 {
	if manifestText == nil {
		manifestText = Registered().Describe()
	}
	return module.Span(manifestText)
}

//go:wasmexport refold_configure
func configure(ptr, length int32) int64 {
	if err := Registered().Configure(module.Given(ptr, length)); err != nil {
		complaint = []byte(err.Error())
		return module.Span(complaint)
	}
	return 0
}

//go:wasmexport refold_execute
func execute(ptr, length int32) int64 {
	return module.Span(Registered().Execute(module.Given(ptr, length)))
}
