// Package archive keeps a local, indexed copy of the log. It answers what a
// stream server is slow at: an aggregate's events, a correlation's events, a
// time range, one event by its id, and a replay of everything.
//
//   - [Archive] is the copy, made by [Open]. One writer appends, any number of
//     goroutines read.
//   - [Archive.Follow] copies a log into it, as the one reader of that log, and
//     [Archive.Compare] holds the two against each other.
//   - [Archive.Restore] and [Archive.Refill] give back to a log what it lost.
//   - [Store] is an event store with an archive in front: as current as the log
//     itself, and never in need of scanning it.
//
// # Invariants
//
//  1. The archive is a prefix of the log: positions 1 to head, without a hole.
//  2. What is read was written: a read checks the checksum of what it returns.
//     Damage is a [DamageError], never a wrong event and never a missing one.
//  3. A reader sees whole blocks, and only those whose write has returned. One
//     read sees the archive as it was at one moment.
//  4. An index says nothing that its segment does not say. It is rebuilt from
//     the segment when it is absent, damaged, or another segment's.
//  5. Everything can be rebuilt from the log; to delete the directory is safe
//     as long as the log is whole.
//  6. Memory does not grow with the log: see Memory.
//  7. Events are read as the catalog makes them current. What the log has stored
//     is kept beside, where it differs: by that the log is compared and
//     restored, and the archive is rebuilt under another catalog.
//  8. A log that is known not to be the archive's is neither followed nor read
//     nor, through Store, written to.
//
// # Files
//
// All numbers are little-endian. A checksum is a CRC-32C over everything in its
// structure that follows it. A directory holds
//
//	seg-<first position, 20 digits>.rfa   a segment
//	seg-<first position, 20 digits>.idx   its index, once it is sealed
//	archive.lock                          held while the archive is open
//
// With Options.Compress all sealed segments but the last are stored compressed, as
// seg-….rfa.zst: the seekable format of Zstandard, in frames of 128 KiB. They are the
// same segments, with the same offsets, to everything above internal/vfs.
//
// and, for moments, *.tmp files, which Open removes. Only the last segment may
// be unsealed: it is the active one. A segment is a header, blocks, and, once
// it is sealed, a seal:
//
//	segment header, 96 bytes             block header and seal, 80 bytes
//	 0  magic "RFS1"                      0  magic "RFK1"; of a seal "RFE1"
//	 4  checksum of bytes 8 to 96         4  checksum of bytes 8 to length
//	 8  u16 format version, 2             8  u16 format version, 2
//	10  6 bytes, zero                    10  u16 flags, zero
//	16  u64 first position               12  u32 length, header included
//	24  32 bytes chain before            16  u64 first position
//	56  32 bytes catalog digest          24  u32 number of events
//	88  8 bytes, zero                    28  u32 length of the first frame
//	                                     32  i64 earliest event time, Unix ns
//	                                     40  i64 latest event time, Unix ns
//	                                     48  32 bytes chain
//
// A block's header is followed by its content: one batch frame of sdk/frame
// with one unkeyed group and no slots, its events at consecutive positions, in
// their current form; then, if the catalog changed some of them, a second such
// frame with those as they were stored. So a replay reads a block, checks it,
// and hands its first frame on. A block's chain is
// SHA-256(chain of the block before ‖ content); the chain before the first
// block of all is zero. A seal has no content; its fields describe the segment
// as a whole.
//
// An index is a header and twelve tables. A table is fixed-size entries in runs
// of 128 (of 4096 for names), each run followed by the checksum of the run. So a
// lookup reads and checks no more than the runs it needs.
//
//	index header, 96 bytes               tables, in this order
//	 0  magic "RFI1"                     names         1  of each name: u32 length, text
//	 4  checksum of bytes 8 to 96        events       20  u32 offset, length and checksum of
//	 8  u16 format version, 2                             the record; event and aggregate type
//	10  6 bytes, zero                    blocks       40  u32 offset, length, first ordinal,
//	16  u64 first position                                number of events; i64 earliest and
//	24  u64 size of the segment                           latest time; u32 first of its types,
//	32  32 bytes chain of the seal                        number of its types
//	64  u32 events                       types         4  u32 event type
//	68  u32 blocks                       agg fence    20  key of the first entry of each run
//	72  u32 types                        aggregates   36  key (uuid, u32 type, big-endian),
//	76  u32 bytes of names                                u32 first ordinal's place, u32 count,
//	80  u32 aggregates                                    u64 first version
//	84  u32 correlations                 agg events   24  u32 ordinals, ascending, with what
//	                                                      events has of each
//	88  u32 event ids                    corr fence   16  as above
//	92  u32 zero                         correlations 24  uuid, u32 place, u32 count
//	                                     corr events   4  u32 ordinals, ascending
//	                                     id fence     16  as above
//	                                     event ids    20  uuid, u32 ordinal
//
// An ordinal is a position less the segment's first. Types are indexes into
// names. Keys are sorted; a lookup searches the fence, which is in memory, and
// reads one run. So an aggregate's events in a segment are found in two reads,
// whatever the segment's size.
//
// # Crashes
//
// An append is one write, without fsync. A kill loses at most the block that
// was being written. A power cut may lose or mangle whatever the operating
// system had not written back of the active segment, at most all of it. Open
// reads the active segment from its start, checks each block and the chain,
// cuts the file at the first one that does not hold, and says so in the log;
// what was cut is fetched again. Sealing syncs a segment's blocks before there is
// a seal, and the seal before the next segment begins, so of a sealed segment
// nothing is lost, and Open need not read it. An index is written beside and
// renamed.
//
// Damage to a sealed segment is not cut in silence, because the archive is also
// a witness of what the log held: it is a DamageError, and [Archive.Heal], or
// Options.Heal where Open itself meets it, drops everything from there on.
//
// A catalog digest other than that of Options.Catalog is a [DigestError].
// [Rebuild] then writes the archive anew, from what it holds itself, into a
// folder beside, and exchanges the two; Open finishes an exchange that was
// broken off.
//
// # Memory
//
// The active segment's index takes 60 to 170 bytes per event, most where each
// aggregate occurs once, and up to 110 more once it was asked for an event's id
// and for a correlation; that is at most 42 MB at 64 MiB a segment and 450 bytes
// an event. A sealed segment takes about 200 bytes, and
// while it is among the Options.OpenSegments used last, its names and fences:
// at most 0.5 bytes per event. Sealing, verifying and rebuilding an index hold
// one segment's index at a time. Indexes of sealed segments stay on disk: 70 to
// 135 bytes per event.
//
// # Reading
//
// Segments are read into memory that is used again, not mapped: a copy costs less than
// what is done with a block anyway, a disk that fails to read gives an error and not a
// signal that ends the process, and a compressed segment is read in the same way
// (Crotty, Leis, Pavlo: Are You Sure You Want to Use MMAP in Your Database Management
// System?, CIDR 2022). [Archive.ReadPage] is what replays use.
//
// The package never changes an event and never reads a clock. Start reading at
// Archive.Append, then block.go, scan.go and snapshot.go.
package archive
