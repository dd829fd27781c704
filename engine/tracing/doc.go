// Package tracing tells OpenTelemetry traces what an engine does.
//
//   - [Observer] is what an engine is opened with. It needs no more than the API: whoever
//     gives it a tracer decides whether, where to and how much is told.
//
// There is a span for each batch that a projection folds, each attempt of an executor at
// effects of such a batch, and each checkpoint that stores it. A fold begins a trace of its
// own, linked to the traces that its events were appended in, as their metadata says: see
// [event.Event.Traceparent]. An attempt is a child of the fold, and linked to the others
// whose effects it performs; a checkpoint is linked to the folds that it stores. Events are
// known by positions, and by the ids that correlation and causation have.
//
// Invariants:
//
//  1. What is told is told behind the work, from its observer, and costs a batch, not an
//     event; nothing waits for whoever exports spans.
//  2. Links and ids of a span are bounded by maxLinks and maxIDs, and what is remembered
//     of folds by maxRemembered a pipeline. What is not sampled is not remembered.
//  3. No span has anything of an event's data.
package tracing
