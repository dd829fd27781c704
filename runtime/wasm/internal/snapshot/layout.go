package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
)

var le = binary.LittleEndian

const (
	magic   = "RFSNAP1\n"
	version = 3

	// PageSize is a page of WebAssembly memory, in bytes.
	PageSize = 64 << 10
	// blockSize is the unit in which memory is compared and stored, in bytes.
	blockSize = 4 << 10
)

// The header, as offsets from the start.
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
	hScheme  = 80 // version of the meter
	hTables  = 84 // number of tables
	hSlots   = 88 // number of changed slots
	hDropped = 92 // words of bits of dropped segments
	hSize    = 96

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
	// Tables are what stands in the slots of the tables that code can change, in
	// their order: numbers of functions, from 1 on, or 0 for null.
	Tables [][]uint32
	// Dropped has a bit for each segment that code can drop.
	Dropped []uint64
	// Random and Slept are what the imports remember.
	Random, Slept uint64
}

// Base is a fresh instance of a module.
type Base struct {
	module  Digest
	scheme  uint32
	memory  []byte
	tables  [][]uint32
	dropped []uint64
	sum     uint32
}

// NewBase keeps a copy of a fresh instance's memory, tables and dropped segments.
// The scheme is the version of the meter, which gives functions and segments
// their numbers.
func NewBase(module Digest, scheme uint32, fresh *State) *Base {
	b := &Base{module: module, scheme: scheme, memory: bytes.Clone(fresh.Memory),
		dropped: slices.Clone(fresh.Dropped)}
	var rest []byte
	for _, table := range fresh.Tables {
		b.tables = append(b.tables, slices.Clone(table))
		rest = le.AppendUint32(rest, uint32(len(table)))
		for _, number := range table {
			rest = le.AppendUint32(rest, number)
		}
	}
	for _, word := range b.dropped {
		rest = le.AppendUint64(rest, word)
	}
	b.sum = crc32.Update(checksum(b.memory), castagnoli, rest)
	return b
}

// Tables are the tables of a fresh instance.
func (b *Base) Tables() [][]uint32 { return b.tables }

// slot returns what stands in a slot of a table of the base; slots beyond it begin
// empty.
func (b *Base) slot(table, n int) uint32 {
	if n >= len(b.tables[table]) {
		return 0
	}
	return b.tables[table][n]
}

// block returns the base's bytes for the memory at offset at, of len(zero)
// bytes; memory beyond the base begins as zeros.
func (b *Base) block(at int, zero []byte) []byte {
	if at >= len(b.memory) {
		return zero
	}
	return b.memory[at : at+len(zero)]
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

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
