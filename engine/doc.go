// Package engine runs pipelines: it feeds the events of a log, live or
// replayed, to projections, hands their effects to executors, and remembers how
// far each pipeline is.
//
// The way of an event, one package a step:
//
//		Log.Follow → feed → Plugin.Fold → delivery → Executor → internal/checkpoint
//
//	  - [Engine] holds the pipelines of one data directory.
//	  - [Log], [Plugin] and [Executor] are what the engine needs of the others;
//	    whoever wires an engine brings them.
//	  - [Status] is what an operator sees of a pipeline, job.Job of a replay.
//
// Invariants:
//
//  1. A pipeline folds the events of the log in the order of positions, without a
//     gap. Each counts once per generation: where it is folded again, from the
//     state before it, the same comes out.
//  2. Executors commit before the state does. So after a crash the state is the
//     older one; the engine folds again from there, the same effects come out,
//     and a transactional executor passes over what it has.
//  3. Delivered + filtered + parked + dead-lettered = position, at every checkpoint.
//  4. A replay builds a generation of its own; readers see the old one until
//     the new one has caught up, and then only the new one. It is a job, on disk
//     before anybody is told: one that is paused or interrupted keeps what it has
//     built, in this process or the next; one that fails or is cancelled leaves
//     nothing but its record. A generation is opened by what
//     it was built with, whatever the pipeline is declared as by then.
//  5. One pipeline's fault does not stop another, nor keep it from being opened. What a
//     pipeline that cannot be opened remembers nobody touches until it can be read.
//  6. Of a pipeline's states its lifecycle's table says alone which may follow
//     which. A pause and a fault outlive the engine; while a pipeline is paused
//     nothing folds, and none of its executors is open.
//  7. A query is answered by a copy: it neither changes the state nor stops the
//     fold. What a resident projection is asked at a checkpoint, for its root, it does
//     not remember.
//  8. A reload loads all that is declared first; on an error nothing has changed.
//     What is declared as before, and is made of the same files, is not touched: it
//     folds on in the same generation. What is declared otherwise is stopped behind a
//     checkpoint and opened anew, as the next engine would open it; what is declared no
//     more is stopped so and retired, and goes on from there when it is back. No event
//     is folded twice or passed over by that.
//  9. An order goes before a replay job of its pipeline: the job is interrupted, keeps
//     what it has built, and goes on behind. What cannot go before is refused at once,
//     and nothing waits for a build to end.
//  10. Who watches is told of every change that a checkpoint has stored, or that he has
//     missed some. He holds up nobody, and while nobody watches that costs the fold
//     nothing.
//
// Poison, an event that cannot be folded or whose effects cannot be performed, is
// found by itself: see poison.go. What its policy then leaves out or parks is
// stored with the checkpoint that passes it, so that a crash, a replay and a live
// run come to the same.
//
// The engine imports neither an event store nor a plugin host nor an executor.
// Start reading at Engine, then run.go, lifecycle.go and generation.go.
package engine
