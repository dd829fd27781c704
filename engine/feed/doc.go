// Package feed turns recorded events into the batches that a projection folds:
// it leaves out what the pipeline does not want, groups by key, decodes the
// payload fields that the manifest asks for, and writes the frame.
//
// Invariants:
//
//  1. Each event that comes in is counted once: it is in the frame, or it is
//     filtered.
//  2. Within a group events keep the order of their positions; groups stand in
//     the order of their first event.
//  3. A payload is parsed at most once, and only if a field or a key needs it.
//  4. String slots and keys are valid UTF-8, whatever the payload holds.
//  5. The answer to a query goes to the key whose fold has asked.
//
// Start reading at Builder.Build.
package feed
