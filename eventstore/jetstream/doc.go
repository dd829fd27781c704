// Package jetstream is the event store on NATS JetStream: one stream, one
// message per event, embedded or distributed by URL.
//
//   - [Open] connects, and creates the stream or checks the one there is.
//   - [Store] keeps the contract of package eventstore.
//   - [Config] says where the server is and what the stream is called.
//
// A message's subject is <prefix>.<aggregate_type>.<aggregate_id>.<event_type>
// and its body is the event's JSON form with a last field "version", so that
// any NATS tool can read the log and the log stands on its own. Headers carry
// only what the server checks: the event id as Nats-Msg-Id, the expectation,
// and the batch. Position is the stream sequence.
//
// Invariants:
//
//  1. The server, not the client, decides whether an append goes through: each
//     one states the sequence of its aggregate's last message.
//  2. The stream has no limit of age, size or number, refuses deletes and
//     purges, and is neither changed nor used when an existing one differs.
//  3. Several events in one append are one atomic batch, at most [MaxAppend].
//  4. A reader knows where to end before it starts; a short or empty answer is
//     never taken for the end.
//  5. A follower outlives lost connections and restarts of the server. It
//     checks that the log goes on where it left off.
//
// What repeating an append covers: within the stream's duplicate window
// (Config.DuplicateWindow) a stored event id is never stored again. Beyond it
// only the expected version protects, so a late repetition that expects a
// version gets a conflict, and one that expects [event.Any] is stored again. A
// Bulk knows all ids of the log.
//
// Memory: the server keeps an index entry per subject, that is per aggregate
// and event type, and one per message id within the duplicate window.
//
// The package never publishes outside of its stream and never reads a clock
// into an event. Start reading at Store.Append, then session.
package jetstream
