// Package collect is an executor that keeps effects in memory, for tests and for
// programs that embed the engine and perform some effects themselves.
//
//   - [Executor] collects across batches. [Executor.Effects] looks at what there
//     is, [Executor.Take] takes it out, [Executor.Clear] forgets it.
//   - [Effect] is a collected effect: it says which pipeline and generation it
//     is of, and so has an id.
//   - [Options] bound how much is kept.
//
// Invariants:
//
//  1. Effects are kept in the order in which they were asked for. They are
//     copies: they stay as they are when the batch is gone.
//  2. A batch is collected as a whole or not at all.
//  3. A batch that does not fit any more is a [FullError]: nothing is lost
//     silently. Whoever has taken what was there can have the batch collected.
//
// It keeps no position, and knows no generations: what was asked for before a
// crash is collected again after it, under the same id, and so are the effects
// of a replay, under ids of their own. Memory is gone with the process.
//
// Start reading at [Executor.Execute].
package collect
