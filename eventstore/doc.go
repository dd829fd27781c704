// Package eventstore says what an event store is: the contract that every
// implementation keeps, its errors, and a check of what a log holds.
//
//   - [Log] is the log: append, read, follow, and import in bulk. [Store] adds
//     the reads that need an index: by correlation, and by time.
//   - [Bulk] is an import: many events of many aggregates, in order, each
//     stored once.
//   - [Verify] reads a log once and names its first fault.
//   - Package storetest runs the contract against an implementation.
//
// Implementations are memory (in process, forgets), jetstream (a Log on NATS,
// embedded or by URL) and archive (a Store: an indexed copy in front of a Log).
// Package jsonl moves events between a store and a file.
//
// Invariants, which storetest holds an implementation to:
//
//  1. Positions are 1-based and contiguous over the whole log; versions are
//     1-based and gapless within an aggregate.
//  2. An append is atomic: all of its events are stored, next to each other
//     in their aggregate, or none is.
//  3. Of several appends that expect the same version of an aggregate at most
//     one succeeds; the others get a [ConflictError] with the actual version.
//  4. An event id is stored once, and a repetition is of the same event: another
//     one with a stored id is a [DuplicateIDError]. How long a plain append
//     remembers ids is the implementation's to say; a Bulk remembers all of the
//     log.
//  5. What is read equals what was appended, with schema version 0 read as 1,
//     the time in UTC, and line feeds between JSON tokens dropped.
//  6. A reader never passes over an event in silence: a hole, a repeat or a
//     message that is no event is a typed error with its position.
//
// The package never opens a connection or a file, and never repairs a log. Start reading at Log.
package eventstore
