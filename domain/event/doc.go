// Package event defines Refold's central noun, the event, and the words for
// where an event stands.
//
//   - [Event] is a fact as its author states it.
//   - [Recorded] is that fact in the log: it has a [Position] in the whole log
//     and a [Version] in its own aggregate.
//   - [Aggregate] names the thing a fact is about, by type and id.
//   - [Expected] is what an author of events believes an aggregate's version
//     to be.
//   - [Stream] is what other event stores call an aggregate's events: a name.
//   - [ParseJSON] and [AppendJSON] read and write the JSON form: one line of a
//     JSON Lines file.
//
// Invariants:
//
//  1. Positions are 1-based and grow by one from event to event; 0 means
//     "before the first event".
//  2. Versions are 1-based and gapless within an aggregate; 0 means "no event
//     yet".
//  3. An event id is unique in a log: appending an id twice stores it once.
//  4. Times are UTC with nanosecond precision, between the years 1678 and
//     2261, so that they fit 64 bits of Unix nanoseconds.
//  5. Type names are snake_case and safe as one token of a NATS subject.
//
// The package imports the standard library and google/uuid only.
package event
