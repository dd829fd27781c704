// Package framejson writes frames as JSON and makes frames from JSON, for
// golden vectors, tests and people.
//
//   - [Batch], [Result], [EffectBatch], [Outcome] and [Message] are what a frame
//     says, without its offsets.
//   - [OfBatch] and so on read a frame into them; [Batch.Frame] and so on build the
//     frame that says it.
//
// Invariants:
//
//  1. Two frames that say the same give the same JSON, however they are laid
//     out.
//  2. 64-bit numbers are JSON strings, and floats the hexadecimal digits of
//     their bits, so that no JSON reader rounds them.
//
// It is no wire format: hosts and guests exchange frames. Start reading at
// batch.go.
package framejson
