// Package delivery turns a fold's result into the batch of effects that
// executors perform, and sees to it that they do.
//
// Invariants:
//
//  1. Effects stand in the order of (cause, ordinal): the order of the events in
//     the log and, for one event, the order in which the guest emitted them. How
//     events were batched or grouped does not show.
//
//  2. Each effect is caused by an event of its batch, and has that event's ids
//     and time.
//
//  3. An outlet performs its batches in order, each once, and none behind a hole.
//
//  4. A query is asked when the effects of all events before its own have been
//     performed, and none of its own event's. An outlet's position passes it only
//     when its answer is recorded: so a crash leaves a question that is asked again,
//     of the same rows, or an answer; never neither, and never two.
//
//  5. To perform several batches as one, where the executor has transactions, is to
//     perform them one after the other: what fails together is tried by itself.
//
// An [Outlet] cuts a batch before each event that asks something. What is recorded
// under the effect's event id is the answer, whoever has recorded it; see
// effect.AnswerEvent.
package delivery
