// Package snapshot keeps the snapshots of aggregates in a folder, for package
// repository: one file per aggregate, the newest.
//
//   - [Dir] is the folder. It is made with the first snapshot.
//   - [DamagedError] is a file that is not what was written.
//
// The layout, which may be deleted at any time, as a whole or in parts:
//
//	DIR/XX/TYPE-ID.snapshot   XX is the low byte of a CRC-32C over TYPE and ID
//	DIR/.new/                 what is being written
//
// A file is a header of 100 bytes, then the aggregate's type, the state codec's
// revision, the state and the marks. All numbers are little-endian.
//
//	 0  "RFA1"
//	 4  CRC-32C over all that follows it
//	 8  version of the format: 2
//	10  length of the type         2 bytes
//	12  length of the state        4 bytes
//	16  version in the aggregate   8 bytes
//	24  position in the log        8 bytes
//	32  aggregate's id            16 bytes
//	48  last event's id           16 bytes
//	64  catalog's digest          32 bytes
//	96  length of the marks        4 bytes (to 100)
//
// The revision has what is left between the type and the state.
//
// Invariants:
//
//  1. What Load returns was given to Save for that aggregate, as a whole. A file
//     that is cut, changed, of another format or under another name is a
//     DamagedError.
//  2. A snapshot is written beside its name and renamed, so that a process that
//     is killed, and others that write at the same time, leave the old one or a
//     new one. The last one wins, whatever its version.
//  3. There is at most one file per aggregate. What killed processes leave in
//     .new is removed by a later Save once it is an hour old.
//
// Nothing is flushed to the disk: a power failure may leave a file damaged, and
// that is as good as none. The package never decides whether a snapshot is
// still right; the repository does. Start reading at dir.go.
package snapshot
