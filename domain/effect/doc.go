// Package effect defines effects: I/O as data, the second output of a
// projection.
//
//   - [Effect] is one wish of a projection: write a row, log a line, emit an
//     event. A projection never performs it; an executor does.
//   - [ID] identifies an effect for ever: the same pipeline, generation,
//     position and ordinal give the same id on every machine and every replay.
//     [EventID] is that of an event that an effect appends.
//   - [AnswerEvent] is the event that records the answer to a Query.
//
// Invariants:
//
//  1. Every effect names the event that caused it by its position, and its
//     place among that event's effects by its ordinal.
//  2. Effects reach an executor in the order of (position, ordinal), however
//     the events were batched.
//
// The package imports the standard library, google/uuid and domain/event only.
package effect
