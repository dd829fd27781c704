// Package executortest is the conformance suite that each executor runs.
//
//   - [Run] runs it against a [Suite]: how to make a [Store], and which
//     [Features] the executor has.
//   - A [Store] is one place to write to, in which executors are opened for a
//     pipeline and a generation.
//   - [SurviveKills] kills processes that write to one, by [WriteForEver];
//     [SurviveOutages] takes away what one that writes depends on.
//
// An executor with the feature Rows keeps these tables:
//
//	accounts: id text, owner text, balance integer; primary key id
//	entries:  account text, seq integer, amount integer; primary key account, seq
//
// An executor that keeps no rows says how its effects are made, and perhaps what
// has become of them: Store.Effect and Store.Performed. Where effects are passed
// on in their JSON form, a [Journal] reads that, and makes rows of them.
//
// What the suite holds an executor to is engine.Executor's documentation, and what
// callers read off its errors, by these methods:
//
//  1. Poison() (cause event.Position, ordinal uint32) condemns an effect for ever.
//  2. Retryable() (after time.Duration, ok bool) says that the failure passes.
//  3. Partial() (cause event.Position, ordinal uint32) says that what is before
//     that effect has been performed. The rest can be handed in again.
//  4. Fenced() bool is true of an executor that another has taken over from.
//
// Every case ends with the Store's integrity check. A case that the Features
// rule out is skipped, with the reason.
//
// Start reading at [Run].
package executortest
