//go:build wasip1

package refold

import (
	"unsafe"

	"github.com/refold-dev/refold/sdk/frame"
)

// The memory that the host reads and writes between calls. Go's collector does
// not move it, and these variables keep it alive.
var (
	input        []uint64 // 8-aligned
	manifestText []byte
	answer       []byte
)

//go:wasmimport refold begin_event
func beginEvent(index int32)

//go:wasmimport refold log
func hostLog(level int32, text unsafe.Pointer, length int32)

// Print writes a line to the plugin's log at once, for whoever debugs it.
// [Effects.Log] is the one that counts.
func Print(level Level, message string) {
	hostLog(int32(level), unsafe.Pointer(unsafe.StringData(message)), int32(len(message)))
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

//go:wasmexport refold_describe
func describe() int64 {
	if manifestText == nil {
		manifestText = Registered().Describe()
	}
	return span(manifestText)
}

//go:wasmexport refold_fold
func fold(ptr, length int32) int64 { return span(Registered().Fold(given(ptr, length))) }

// refoldQuery returns an empty text for a query that is refused, and says why
// in the plugin's log.
//
//go:wasmexport refold_query
func refoldQuery(ptr, length int32) int64 {
	text, err := Registered().Query(string(given(ptr, length)))
	if err != nil {
		Print(Error, "query: "+err.Error())
		return 0
	}
	answer = text
	return span(text)
}

// given returns the input that the host has written where alloc said.
func given(ptr, length int32) []byte {
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(input))), 8*len(input))
	if length > 0 && ptr != address(unsafe.Pointer(unsafe.SliceData(input))) {
		panic("refold: the input is not where refold_alloc said")
	}
	return b[:length:length]
}

func span(b []byte) int64 {
	return int64(address(unsafe.Pointer(unsafe.SliceData(b))))<<32 | int64(len(b))
}

func address(p unsafe.Pointer) int32 { return int32(uintptr(p)) }
