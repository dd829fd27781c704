// Package projection folds events with a projection as an engine does, in memory
// and without one, and says where the projection breaks a law.
//
//   - [Projection] is a loaded module.
//   - [Run] is one history of it: an instance, the states of its keys, and the
//     [Outcome] of all that was folded.
//   - [Laws] are what makes a fold a pure function, each a check of one [Log].
//
// Invariants:
//
//  1. Events become batches by package feed, and results become effects by
//     package delivery: what a run gives is what a pipeline gets.
//  2. An event that cannot be folded is poison: it is left out, as if it had
//     never been, and the events around it count. Of a batch that failed nothing
//     counts but what is folded again without the poison.
//  3. A run does not rely on the laws that are checked with it: it brings an
//     instance back by folding again, never by a snapshot.
//  4. What a projection does wrong is in the outcome. An error is the host's.
//
// Start reading at run.go, then laws.go.
package projection
