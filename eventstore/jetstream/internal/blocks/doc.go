// Package blocks reads the messages of a NATS stream from its files, also while
// the server that owns them is writing.
//
//   - [Parser] reads the records of one block, and checks them.
//   - [Reader] reads a stream's messages in order.
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
//   - Blocks are numbered upwards and only the last one grows. Without deletes
//     no block is written again.
//
// Invariants:
//
//  1. Each message that is read has the checksum and the sequence that it must
//     have. What cannot be read so, as an encrypted or compressed block, a hole
//     or a deleted message, is the end of what there is to read: the server
//     knows more.
//  2. Nothing is ever written.
//
// Start reading at Reader.Next.
package blocks
