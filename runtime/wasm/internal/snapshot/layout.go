package snapshot

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

var le = binary.LittleEndian

const (
	magic   = "RFSNAP1\n"
	version = 1

	// PageSize is a page of WebAssembly memory, in bytes.
	PageSize = 64 << 10
	// blockSize is the unit in which memory is compared and stored, in bytes.
	blockSize = 4 << 10
)

// The header, as offsets from the start, all before the globals.
const (
	hMagic   = 0
	hVersion = 8
	hDigest  = 12
	hBase    = 44 // checksum of the base
	hPages   = 48
	hGlobals = 52 // number of globals
	hBlocks  = 56 // number of changed blocks
	hPacked  = 60 // length of the zstd frame
	hRandom  = 64
	hSlept   = 72
	hSize    = 80

	trailerSize = 4 // CRC-32C
)

// Digest is a module's SHA-256.
type Digest = [sha256.Size]byte

// State is the state of an instance.
type State struct {
	// Memory aliases the instance's linear memory.
	Memory []byte
	// Globals are the values of the mutable globals, in their order.
	Globals []uint64
	// Random and Slept are what the imports remember.
	Random, Slept uint64
}

// Base is a fresh instance of a module.
type Base struct {
	module Digest
	memory []byte
	sum    uint32
}

// NewBase keeps a copy of a fresh instance's memory.
func NewBase(module Digest, memory []byte) *Base {
	b := &Base{module: module, memory: append([]byte(nil), memory...)}
	b.sum = checksum(b.memory)
	return b
}

// block returns the base's bytes for the memory at offset at, of len(zero)
// bytes; memory beyond the base begins as zeros.
func (b *Base) block(at int, zero []byte) []byte {
	if at >= len(b.memory) {
		return zero
	}
	return b.memory[at : at+len(zero)]
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// Error is a snapshot that cannot be restored.
type Error struct {
	// Mismatch is true for a sound snapshot of something else.
	Mismatch bool
	Reason   string
}

func (e *Error) Error() string { return e.Reason }

func corrupt(format string, args ...any) error {
	return &Error{Reason: "the snapshot is damaged: " + fmt.Sprintf(format, args...)}
}

func mismatch(format string, args ...any) error {
	return &Error{Mismatch: true, Reason: "the snapshot " + fmt.Sprintf(format, args...)}
}
