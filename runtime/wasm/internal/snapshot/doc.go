// Package snapshot writes and reads the state of an instance as bytes: what
// differs from a fresh instance of the same module.
//
//   - [Base] is the memory and the tables of a fresh instance, kept once a module.
//   - [State] is an instance's state: its memory as it lies there, its mutable
//     globals, its tables, which segments it has dropped and what its imports
//     remember.
//   - [Codec.Encode] writes a snapshot, [Codec.Decode] reads it into an
//     [Image], and [Image.Apply] lays that over an instance's memory.
//
// Layout, little-endian: a header (magic, version, module digest, checksum of
// the base, sizes of the parts, imports' state, version of the meter), globals,
// bits of dropped segments, the sizes of the tables, their changed slots and the
// numbers of the changed blocks of 4 KiB, both in ascending order, the blocks'
// bytes as one zstd frame, and a CRC-32C of all before it.
//
// Invariants:
//
//  1. Decode believes no byte: damage is an *[Error], never a panic, and never
//     reserves more memory than the module's limits.
//  2. Decode checks everything before anything is applied.
//  3. Apply leaves memory exactly as it was at Encode, whatever it held before.
//  4. A snapshot is refused for another module, and for the same module whose
//     fresh instance looks different, as under another memory limit,
//     and if another meter gave its functions and segments their numbers.
//
// Start reading at encode.go.
package snapshot
