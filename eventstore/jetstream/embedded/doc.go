// Package embedded runs a NATS server with JetStream inside the process, so
// that the event log needs no installation.
//
//   - [Start] runs a [Server] over a directory, which it locks.
//   - [InOrder] says whether the last one ended in order.
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
//  6. After a start no append of several events is stored in part, whether the
//     process was killed or the power failed. What was acknowledged, or seen by
//     a follower with SyncAlways, is there.
//
// Of 6: a killed process leaves the server all it needs to finish an append that
// was under way. After a power failure that can be gone before the rest of the
// append is on disk; then its beginning is taken back (see internal/unfinished
// for what that relies on). One case is left to the reader, who meets a hole and
// stops: the failure came as the server began a new block of 8 MiB, and the disk
// has the new block without the end of the one before.
//
// It never handles signals and never ends the process. Start reading at Start.
package embedded
