// Package unfinished takes back appends of several events that a power failure
// left in part at the end of a stream. It works on the files, before the server
// that owns them starts.
//
//   - [TakeBack] does so for all streams below a directory.
//
// It relies on how nats-server 2.15 keeps a stream with one copy:
//
//   - A block, msgs/<n>.blk, is records end to end: length (4 bytes, highest bit
//     set if there are headers), sequence (8), time (8), length of the subject
//     (2), subject, length of the headers (4, if there are any), headers,
//     message, checksum (8); little-endian. The length counts all of it. The
//     checksum is HighwayHash-64 over all but the lengths, with the SHA-256 of
//     "<stream>-<n>" as its key (writeMsgRecordLocked, hashKeyForBlock in
//     server/filestore.go).
//   - The server ends a block at the first record that is torn or whose checksum
//     is wrong, and cuts the file there (rebuildStateFromBufLocked). So does this
//     package, in what it reads.
//   - An atomic batch is stored message by message, with nothing between, each
//     with the headers Nats-Batch-Id and Nats-Batch-Sequence, the last one also
//     with Nats-Batch-Commit (processJetStreamAtomicBatchMsg in
//     server/stream.go). Messages of a fast batch have none of them.
//   - Until all of them are stored the batch is also kept aside, as a stream of
//     its own in batches/<hash>, with the batch's sequences. At its start the
//     server looks at the stream's last message. If that belongs to a batch and
//     does not commit it, the server stores what is missing from there, and
//     leaves the rest missing if it is not there (recoverStream's caller in
//     server/jetstream.go).
//   - A stream without blocks, or without its last ones, is sound: the next
//     message has the sequence behind the last one that is there, as there is no
//     index (package blockfiles removes it).
//
// Why nothing that was acknowledged is taken back: the server answers a batch
// after its last message is stored, and a store acknowledges it after a flush
// that began later still. A batch that lacks its last message at the end of the
// stream was not answered, and neither was anything behind it.
//
// Invariants:
//
//  1. Behind TakeBack, and the server's start, a stream does not end in a part
//     of a batch.
//  2. A batch that the server will finish is left to it: a process that was
//     killed may have shown the beginning to readers.
//  3. Nothing but the records of that one batch, and what is torn behind it, is
//     cut, and it is on disk before TakeBack returns. If that is interrupted,
//     the next call goes on with it.
//  4. What is not understood is not changed: encrypted or compressed streams,
//     streams with several copies or with deleted messages, a batch whose
//     beginning is not where it must be. The logger is told why.
//
// It never reads more than the blocks in which the last batch lies. Start
// reading at TakeBack, then stream.end.
package unfinished
