// Package barrier is what the embedded server and the stores that use it say
// to each other about flushing: a store asks, over its NATS connection, that
// what the server has acknowledged be brought to disk.
//
//   - [Server] answers, for all streams of one NATS server.
//   - [Ask] asks, and waits for the answer; [Health] asks whether there is anything
//     to wait for.
//
// The server does the flushing for all processes that use it, so that they
// share flushes, and so that one that went wrong stops them all: another
// process that opened the same files later would not be told of the error.
//
// Invariants:
//
//  1. A nil answer means that all which the stream held when it was asked is on
//     disk.
//  2. After a flush that went wrong every later answer about that stream is the
//     same error.
//
// It never publishes into a stream. Start reading at Server.
package barrier
