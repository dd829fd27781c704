// Package process serves projections and executors as processes, which Refold
// starts and calls. README.md is the protocol, for those who write plugins in
// other languages.
//
//   - [ServeProjection] serves the projection that is registered with package
//     refold (sdk/go), if it is stateless or keyed; [ServeResident] one that is
//     resident, and says how its state is saved.
//   - [ServeExecutor] serves an [Executor].
//
// Each is all that main does. A projection that is built for WASM has an empty
// main; that line is the difference:
//
//	func main() { process.ServeProjection() }
//
// Invariants:
//
//  1. A process ends when its standard input does: no plugin outlives its host.
//  2. A panic in a fold is told to the host, with the event, and ends nothing
//     else. One in an executor ends the process: the host starts another.
//  3. What an executor's error says (effect.RetryError, effect.PoisonError,
//     effect.PartialError, Fenced) reaches the engine.
//
// No sandbox holds a process: that a fold is deterministic its author promises.
// What it writes to standard output and standard error goes to the engine's log.
//
// Start reading at serve.go.
package process
