// Package jsonl moves events between a log and JSON Lines: one event per line
// in the form of event.AppendJSON, plain or gzip.
//
//   - [Import] reads lines into an [Importer], such as an eventstore.Bulk.
//   - [Export] writes a [Log], such as an eventstore.Log, as lines.
//
// Invariants:
//
//  1. Import streams: memory does not grow with the input. A line has at most
//     [MaxLine] bytes.
//  2. Import is over at the first bad line; all events before it are stored
//     and none after it. With Options.SkipBad bad lines are counted and listed
//     instead. Input that breaks off, as a torn gzip file does, is an error
//     either way.
//  3. Importing what was exported gives the same events in the same order;
//     importing it again stores nothing.
//
// Versions and positions are not in the file: the store gives them, in file
// order. Gzip is recognised by its first bytes, not by a name. A byte order
// mark, CRLF line ends, empty lines and a last line without an end are fine.
//
// The package never opens a file. Start reading at Import.
package jsonl
