// Package filter is an executor that passes on to another one only the effects
// that a rule lets through.
//
//   - [Rule] says which: by kind, by the level of a Log effect, by collection, by
//     the type of an emitted event.
//   - [Executor] wraps any executor, also another filter, and counts what it has
//     kept from it.
//
// Invariants:
//
//  1. The wrapped executor gets every batch, with the batch's own positions, and
//     of its effects those that the rule lets through: in their order, under
//     their own ids, unchanged. So all that it guarantees it guarantees still:
//     a batch whose effects are all dropped moves its position, and a batch that
//     comes again has the same effects.
//  2. What is dropped is dropped on every run and in every replay: a rule looks
//     at the effect alone.
//  3. The batch is left as it is: other executors get all of it.
//  4. A filter does not handle a kind that its rule never lets through. Nobody
//     else handling it either, the engine stops at such an effect: what is to
//     have no consequence at all needs an executor that says so, package null.
//
// Errors, position and lifecycle are the wrapped executor's.
//
// Start reading at [Executor.Execute].
package filter
