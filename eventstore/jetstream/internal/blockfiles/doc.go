// Package blockfiles flushes the files of a NATS stream to disk, from outside
// of the server that writes them.
//
//   - [Folder] is one stream's folder; its Sync is the barrier.
//   - [DropIndexes] makes the server rebuild its indexes from the messages.
//
// It relies on how nats-server 2.15 keeps a stream with one copy, in
// server/filestore.go:
//
//   - Before a publish is acknowledged its bytes were written to the block file
//     (writeMsgRecordLocked calls flushPendingMsgsLocked, as "flush in place" is
//     on unless AsyncFlush is, and newStreamWithAssignment in server/stream.go
//     sets that for several copies only). An fsync through any descriptor
//     flushes them: it is about the file, not about the descriptor.
//   - Blocks are msgs/<n>.blk, n counting up from 1 by one, and only the last
//     one grows: newMsgBlockForWrite writes out the one before. Without deletes
//     no block is written again.
//   - Recovery needs the blocks, meta.inf and meta.sum. msgs/index.db only
//     saves time: recoverFullState compares it with the last block, and
//     recoverMsgs reads the blocks where it is missing or differs. A record
//     that was torn is cut off, by its checksum.
//   - But an index.db that is ahead of the blocks is believed in one point: the
//     last sequence. The server then leaves a hole in the sequences. After a
//     power failure that can be, since the server writes the index when it
//     likes. Hence DropIndexes.
//
// Invariants:
//
//  1. Sync returns nil only when every byte that was in the stream's files when
//     it was called, and every file's name, is on disk.
//  2. A flush that went wrong is never tried again: the operating system may
//     have dropped the bytes and would call a second try a success. Every later
//     Sync returns the same error.
//
// It never writes to a stream's files; what a power failure left in part is for
// package unfinished. Start reading at Folder.Sync.
package blockfiles
