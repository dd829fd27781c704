// Package frame is the codec of plugin ABI v1: how a batch of events goes to a
// projection, and how new states and effects come back; how a batch of effects
// goes to an executor, and what it says of it. ABI.md, one folder up, is the
// specification; this package is its reference in Go, for host and guest.
//
//   - [BatchWriter] builds a batch, event by event; [Batch] reads it in place.
//   - [ResultWriter] builds a result; [Result] reads it in place.
//   - [EffectBatchWriter] builds a batch of effects; [EffectBatch] reads it in place.
//   - [AppendOutcome] builds an outcome; [OpenOutcome] reads it.
//   - [AppendMessage] builds a message, which is what an executor and its host
//     ask and answer each other; [Message] reads it in place.
//
// Invariants:
//
//  1. Little-endian; every record starts on a multiple of 8; every reference is
//     an offset, so a frame can be copied anywhere as it is.
//  2. What opens a frame, but for [TrustBatch] and [TrustEffectBatch], checks every
//     offset, length, count and index once; what it accepts
//     is read without further checks and never beyond the frame, whoever wrote it.
//  3. No allocation per event or effect, neither in writing nor in reading.
//  4. Views and the slices they return alias the frame; they are valid as long
//     as its bytes are left alone.
//
// The package uses no fmt, reflect or encoding/json, so that it costs a guest
// little, and compiles for wasip1. Start reading at layout.go.
package frame
