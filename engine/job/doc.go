// Package job keeps replay jobs: what each builds, where it is in its life, and all
// of it on disk, so that a job outlives the engine that works it.
//
//   - [Job] is one of them, [Request] what somebody wants of it.
//   - [Store] is the file of an engine's jobs, in the order of their submission.
//   - [NewMachine] decides alone which [State] may follow which.
//
// One file holds all jobs of a data directory and is replaced as a whole: the queue's
// order spans the pipelines, and is one with the jobs' states. It is not in the
// pipelines' own files, which are theirs to commit: a job is written when its state
// changes, which is rare, and never for its progress. How far it is, its generation
// knows.
//
// Invariants:
//
//  1. A step is on disk before anybody is told of it.
//  2. What the file says of a job that no process works is queued, paused, or how it
//     has ended: opening the file puts what was running back into the queue.
//  3. Jobs that have ended are bounded in number, the oldest go first; one whose
//     generation is kept stays.
package job
