// Package process runs projections and executors that are processes, over
// go-plugin and gRPC. sdk/process/README.md is the protocol.
//
//   - [Host] starts what a [Command] says.
//   - [Program] is a projection's executable, and [Instance] one process of it, with
//     the methods of the sandbox's instances.
//   - [Executor] is a process that performs the effects of one generation of one
//     pipeline; it is an executor as package engine wants it.
//
// Invariants:
//
//  1. A process runs what was loaded: the executable's digest is checked before every
//     start, against the pinned one and against the one at first.
//  2. A call ends: the process answers within its timeout, or is killed with all that
//     it has started, and replaced.
//  3. A process that ends during a call loses nothing. An Instance is brought back to
//     where it was, its state from the last snapshot and the batches since, and the
//     call is made again. An Executor is opened again at the position that it has
//     committed; its caller gets an effect.RetryError, and repeats the batch.
//  4. A batch of which several processes have died, each brought back to where the last
//     one was, is to blame itself: a *runtime.GuestError with the code Crashed or Hung.
//     A process that cannot be brought back is an accident: an effect.RetryError
//     with one of the code Down.
//  5. What a process answers is checked: a manifest like a sandbox's, a position
//     against the batch, an effect that it condemns for being there. A result frame
//     is the caller's to check, with frame.OpenResult. Nothing is larger than
//     wire.MaxMessage, or wire.MaxState of a snapshot.
//  6. A process inherits PATH, HOME and TMPDIR, and of the environment else what its
//     Command names. The values of those are kept out of the log.
//  7. No process outlives its host, however that dies: package internal/child says how.
//
// There is no sandbox. A process may read the clock, files and the network; that its
// folds are deterministic its author promises, and nobody holds.
//
// Start reading at instance.go, then executor.go.
package process
