// Package journal keeps what becomes of pipelines, as events of a log of its
// own: one event for each transition of a lifecycle.
//
//   - [Journal] records transitions; its Record fits engine.Observer.Changed.
//   - [Event] and [Parse] are a transition's form as an event.
//   - [Aggregate] is what a pipeline's events are about.
//
// An event's type is the state that the pipeline has gone to, so that a subject
// such as infrastructure_system.pipeline.*.faulted selects all faults of a
// stream. Its correlation is the process that the transitions came to pass in.
//
// Invariants:
//
//  1. Record never blocks and never fails: what the log does not take waits, in
//     order, and is tried again; what is too much to wait is left out and counted.
//  2. Who reads the journal finds a pipeline's transitions in their order, each
//     once; where some were left out, one begins elsewhere than the one before it
//     ended.
//  3. Pipelines are not fed from it.
//
// The lifecycle never depends on it: what must outlive an engine is in the
// pipeline's own state. Start reading at Journal.
package journal
