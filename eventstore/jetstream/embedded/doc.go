// Package embedded runs a NATS server with JetStream inside the process, so
// that the event log needs no installation.
//
//   - [Start] runs a [Server] over a directory, which it locks.
//
// Invariants:
//
//  1. The server listens on 127.0.0.1 only and demands a token, which is never
//     logged.
//  2. With [SyncAlways] an acknowledged append is on disk.
//  3. A directory is used by one server at a time, also across processes.
//  4. A start that goes wrong leaves no directory behind that it made.
//
// It never handles signals and never ends the process. Start reading at Start.
package embedded
