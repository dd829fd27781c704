// Package embedded runs a NATS server with JetStream inside the process, so
// that the event log needs no installation.
//
//   - [Start] runs a [Server] over a directory, which it locks.
//
// Invariants:
//
//  1. The server listens on 127.0.0.1 only and demands a token, which is never
//     logged.
//  2. With [SyncAlways] an append that a Store acknowledged is on disk. The
//     server answers when the bytes are with the operating system; the Store
//     then asks for a flush, which many appends share (see
//     internal/blockfiles for what that relies on).
//  3. A directory is used by one server at a time, also across processes.
//  4. A start that goes wrong leaves no directory behind that it made.
//  5. After an end that was not in order the messages are read again, and no
//     index is believed: the start takes time in proportion to the log.
//
// A process that is killed leaves no append of several events in part: the
// server finishes it at the next start. After a power failure one that was under
// way, and never acknowledged, can be found in part, since the server may forget
// what it has to finish before the rest is on disk. Its events are sound one by
// one. An append of one event cannot be in part.
//
// It never handles signals and never ends the process. Start reading at Start.
package embedded
