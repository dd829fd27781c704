//go:build wasip1 || wasm_unknown

package module

import (
	"unsafe"

	"github.com/refold-dev/refold/sdk/frame"
)

// input is the memory that the host writes to between calls, 8-aligned. Go's
// collector does not move it, and this variable keeps it alive.
var input []uint64

//go:wasmimport refold log
func hostLog(level int32, text unsafe.Pointer, length int32)

// Log writes a line to the plugin's log.
func Log(level int32, message string) {
	hostLog(level, unsafe.Pointer(unsafe.StringData(message)), int32(len(message)))
}

//go:wasmexport refold_abi_v1
func abiV1() {}

//go:wasmexport refold_alloc
func alloc(size int32) int32 {
	if uint32(size) > frame.MaxSize {
		return 0
	}
	words := max(1, (int(size)+7)/8)
	if words > len(input) {
		input = make([]uint64, max(words, 2*len(input)))
	}
	return address(unsafe.Pointer(unsafe.SliceData(input)))
}

// Given returns the input that the host has written where alloc said.
func Given(ptr, length int32) []byte {
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(input))), 8*len(input))
	if length > 0 && ptr != address(unsafe.Pointer(unsafe.SliceData(input))) {
		panic("refold: the input is not where refold_alloc said")
	}
	return b[:length:length]
}

// Span is where bytes are that a call returns. The caller keeps them alive until the
// next call.
func Span(b []byte) int64 {
	return int64(address(unsafe.Pointer(unsafe.SliceData(b))))<<32 | int64(len(b))
}

func address(p unsafe.Pointer) int32 { return int32(uintptr(p)) }
