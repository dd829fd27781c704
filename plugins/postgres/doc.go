// Package postgres is an executor that keeps declared tables in a PostgreSQL
// database and commits rows and position in one transaction.
//
//   - [Config] says which database, which schema and which tables;
//     [Config.Validate] checks it without I/O.
//   - [Open] takes over a pipeline's generation in the schema, creating it at its
//     first opening.
//   - [Executor] turns Insert, Update and Delete effects into rows.
//
// Invariants:
//
//  1. The rows and the position in the database are always those of the same
//     prefix of the log: one transaction writes both, and it is on disk when
//     Execute returns, as far as the server's settings let it be.
//  2. Every opening of a generation takes a new epoch. A transaction that writes
//     begins by moving the position, under the newest epoch and from exactly the
//     position its writer believes, and holds that row until it ends; otherwise
//     nothing is written and the error is a [claim.FencedError]. So a writer that
//     has been replaced cannot write, though its connection may still stand.
//  3. A connection that is lost is made anew by the next call, which first reads
//     epoch and position under that row's lock: it waits for what the lost one may
//     still be committing, and so knows what became of it.
//  4. A batch holds only rows that fit their table, or none of it is written: the
//     error is a [rows.RowError] that names the effect that does not fit.
//  5. A reader never finds a table missing or half built, and in one snapshot all
//     tables are of one generation, whatever the isolation of the transaction.
//  6. A table belongs to one pipeline. What no pipeline created is never touched,
//     but for [Config.ExistingTables].
//
// # Generations
//
// Each generation has tables of its own, named <table>__g<generation>, which never
// change their names. What readers see under the declared name is a view. It is one
// because in PostgreSQL grants, and the views and functions that others have built
// upon, hold on to a table itself and not to its name: were tables renamed, all of
// those would go away with the old one. A schema for each generation would have the
// same flaw.
//
// To exchange generations by replacing the views in one transaction would not do
// either. It would wait for all readers of all views, which wait for it in another
// order; and a transaction that keeps one snapshot (REPEATABLE READ) sees of a new
// table only the rows that are older than that. So Activate first gives each view,
// one after the other, the new table as a second branch of a UNION ALL. Each branch
// shows nothing unless its generation is active, and which is stands in the ledger,
// a row that one transaction changes. When all snapshots have ended that are older
// than that, the views get back to one branch. The old tables stay, so that the same
// way leads back to them, until they are discarded.
//
// Where a column goes away or has another type the view cannot be the same. It is
// made anew then, with its grants, in the transaction that changes the ledger; what
// others have built upon it has to be dropped before, and the error says so.
//
// With [Config.ExistingTables] the tables are the user's own, made and changed by
// migrations, with whatever constraints, triggers and readers they have, so they
// stay the ones that they are: the active generation writes into them, the next
// one is built in a copy of the table's structure, and Activate makes the rows equal
// in one transaction, touching only those that differ. It takes as long as reading
// both; readers wait for nothing. There is no way back: the generation before is gone.
//
// # Writes
//
// A batch's writes to a table go in one statement for each kind of write, with an
// array for each column, which is unnested: that is as fast as COPY into a temporary
// table on batches of an engine's size, and faster on small ones (BenchmarkInsert);
// most of the time is the server's, for the rows and their index. That is less when they
// come in the order of the key, as they do but for [Config.ExistingTables].
//
// Where they are many, as in a rebuild, the rows that the table lacks are written by
// COPY into the table itself, which writes and logs whole pages; which those are is
// asked before, key by key, but for keys that an executor knows to be new since it has
// made the table. That is safe because nobody else writes the table while a
// transaction holds the checkpoint's row; if somebody has all the same, the COPY
// refuses the key, and the batch is performed effect by effect. Where the database
// refuses a row the batch is performed once more, effect by effect, which
// finds the one to blame or, where it is only their order that matters, none.
//
// # Values
//
// text, bigint, double precision, boolean, bytea, json and timestamptz, such that a
// row is what the executor for SQLite holds: json, not jsonb, keeps numbers, names
// and their order as written; texts are compared byte by byte (COLLATE "C"). Two
// things PostgreSQL cannot hold: a NUL character in a text condemns the effect, and
// of a time what is finer than a microsecond is cut off, or condemns the effect
// where it is part of a key.
//
// The package's own tables begin with _refold; they may be read, not written.
//
// Start reading at [Executor.Execute].
package postgres
