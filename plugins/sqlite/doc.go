// Package sqlite is an executor that keeps declared tables in a SQLite file
// and commits rows and position in one transaction.
//
//   - [Config] says which file and which tables; [Config.Validate] checks it
//     without I/O.
//   - [Open] takes over a pipeline's generation in the file, creating it at its
//     first opening.
//   - [Executor] turns Insert, Update and Delete effects into rows.
//
// Invariants:
//
//  1. The rows and the position in the file are always those of the same
//     prefix of the log: one transaction writes both, and it is on disk when
//     Execute returns (WAL, synchronous=FULL).
//  2. Every opening of a generation takes a new epoch. A commit happens only
//     under the newest epoch and from exactly the position its writer
//     believes; otherwise nothing is written and the error is a
//     [claim.FencedError].
//  3. An effect is performed once: what a batch holds at or below the position
//     is skipped, and a batch that would leave a hole is a [claim.GapError].
//  4. A batch holds only rows that fit their table, or none of it is written:
//     the error is a [rows.RowError] that names the first effect that does not fit.
//  5. The active generation's tables bear their declared names. Those of every
//     other one, whether it is being built or has been replaced, are named
//     <table>__g<generation>, and Activate exchanges the two in one transaction:
//     no reader finds a table missing or half built.
//  6. A table belongs to one pipeline. A table that no pipeline created is
//     never touched.
//
// Within a batch, writes to the same row are folded into one before they reach
// the file, in the order of the key, whole rows last and many in a statement. Secondary
// indexes are never unique, so which rows a batch ends with does not depend on the order
// in which they are written.
//
// The package's own tables begin with _refold; they may be read, not written.
// Triggers and indexes that somebody adds to a table by hand belong to its
// generation; views stay.
//
// Start reading at [Executor.Execute].
package sqlite
