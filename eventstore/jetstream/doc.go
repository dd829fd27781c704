// Package jetstream is the event store on NATS JetStream: one stream, one
// message per event, embedded or distributed by URL.
//
//   - [Open] connects, and creates the stream or checks the one there is.
//   - [Store] keeps the contract of package eventstore.
//   - [Inspect] looks at server and stream, and changes neither.
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
//  3. Several events in one append are one atomic batch, at most [MaxAppend]. An
//     import is chains of publishes that the server breaks off at the first one
//     that is not where it should be.
//  4. A reader knows where to end before it starts; a short or empty answer is
//     never taken for the end.
//  5. A follower outlives lost connections and restarts of the server. It
//     checks that the log goes on where it left off.
//  6. Over an embedded server with SyncAlways, what Append acknowledges, Flush
//     of an import returns for, and Follow yields is on disk. Appends that are
//     under way at once share a flush. After a flush that went wrong nothing is
//     accepted until a restart. What Follow yields of an append of several events
//     is there after a power failure with all of that append.
//
// What is not covered by 6: a NATS client that publishes to an embedded server
// without this package is answered before the flush, as with "interval"; and
// Read, ReadAll, Version and Head show events whose flush is under way. With a
// server elsewhere, durability is that server's: by default nats-server flushes
// every two minutes, so that a power failure of a server without replicas loses
// what was acknowledged since. It tells its clients nothing of that setting (it
// is in the configuration, sync_interval, and in the monitoring port's jsz), so
// that no warning can be given here (`refold doctor --monitor` does): set
// "sync_interval: always" there, or use three replicas.
//
// What repeating an append covers (a repetition has all of the stored event; see
// event.Differs): within the stream's duplicate window
// (Config.DuplicateWindow) a stored event id is never stored again. Beyond it
// Config.Known can say what is stored: every append is looked up first. Without it
// a late repetition gets a conflict, or is stored again where it expects [event.Any]
// or the version that the aggregate has by then, and an id that was used for an
// event of another aggregate is stored again. A Bulk knows all ids of the log.
//
// Memory: the server keeps an index entry per subject, that is per aggregate
// and event type, and one per message id within the duplicate window.
//
// A store has two connections. Requests and publishes go over one; events are
// read over the other, which is made when it is first needed and has the
// messages' headers left out: the reader has no use for them, and they are a
// third of what a client allocates to read an event. A read is bounded by what
// its pulls ask for, two of 2 MiB, or of twice the server's largest message if
// that is more.
//
// Where the server is in this process (Config.StreamsDir), a long read takes
// events out of the log's files, record by record with their checksums, up to
// where the log ended when it began. It is an acceleration and no second truth:
// whatever the files do not soundly hold is asked of the server.
//
// The package never publishes outside of its stream and never reads a clock
// into an event. Start reading at Store.Append, then flusher,
// session, pulls, readFiles and chain.
package jetstream
