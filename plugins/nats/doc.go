// Package nats is three executors that bring effects to NATS.
//
//   - [Emitter] appends the events of EmitEvent effects to the engine's own log,
//     which it is given as an [Append].
//   - [Publisher] publishes effects, in their JSON form, to subjects made from a
//     [Template]: into a JetStream stream, which acknowledges them, or plainly.
//   - [Bucket] keeps rows in a key-value bucket: Insert, Update and Delete.
//
// Invariants:
//
//  1. An emitted event depends on the causing event, the pipeline and the effect
//     alone: its id is [effect.EventID]. Appending it again appends nothing.
//  2. Effects are published in order, each with its id as Nats-Msg-Id. A
//     connection that is lost ends the batch, and is not regained beneath it, so
//     that nothing overtakes what was lost with it. Only where a stream refuses one
//     message and takes the next, of those under way, does one come late.
//  3. A row of a bucket never goes back: its entry has the effect that it was
//     written by, and what that effect's generation asked for before it is passed
//     over. Whoever else writes the entry between reading and writing is noticed.
//  4. Text of a projection becomes one token of a subject or key for each field,
//     whatever it holds: see [Token].
//  5. Nothing is published below a subject that is reserved, as the log's own.
//
// None of them keeps a position, and none knows generations. Connections are the
// caller's to make: see [Connect].
//
// Start reading at [Emitter.Execute], [Publisher.Execute] or [Bucket.Execute].
package nats
