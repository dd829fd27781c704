// Package executor makes an executor of the engine of a guest that performs effects
// in the sandbox.
//
//   - [Executor] hands batches of effects to a [Guest], one frame after the other,
//     and says of what the guest tells it what can be done: it passes, it condemns
//     an effect, or neither.
//   - A [Guest] is a running instance, such as wasm.ExecutorInstance.
//
// Invariants:
//
//  1. Effects are performed in order and at least once. It keeps no position. What
//     is said to be done is what the guest said, by its outcome or by a mark.
//  2. A guest that fails is replaced, and performs what is left once more. If it
//     fails again at the same effect, that effect is condemned; if it fails again
//     where no effect is marked, the error is fatal.
//  3. An error of something that was not granted carries the error that names it.
//  4. What a guest says reaches errors without the secrets that it has read.
//
// Start reading at executor.go.
package executor
