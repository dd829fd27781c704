// Package executortest is the conformance suite that each executor runs.
//
//   - [Run] runs it against a [Suite]: how to make a [Store], and which
//     [Features] the executor has.
//   - A [Store] is one place to write to, in which executors are opened for a
//     pipeline and a generation.
//
// An executor with the feature Rows keeps these tables:
//
//	accounts: id text, owner text, balance integer; primary key id
//	entries:  account text, seq integer, amount integer; primary key account, seq
//
// What the suite holds an executor to is engine.Executor's documentation, and
// two things that callers read off its errors:
//
//  1. The error that condemns an effect for ever has a method
//     Poison() (cause event.Position, ordinal uint32).
//  2. The error of an executor that another has taken over from has a method
//     Fenced() bool, which returns true.
//
// Every case ends with the Store's integrity check. A case that the Features
// rule out is skipped, with the reason.
//
// Start reading at [Run].
package executortest
