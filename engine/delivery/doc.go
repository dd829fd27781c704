// Package delivery turns a fold's result into the batch of effects that
// executors perform.
//
// Invariants:
//
//  1. Effects stand in the order of (cause, ordinal): the order of the events in
//     the log and, for one event, the order in which the guest emitted them. How
//     events were batched or grouped does not show.
//  2. Each effect is caused by an event of its batch, and has that event's ids
//     and time.
package delivery
