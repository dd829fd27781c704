// Package datadir owns the layout of a data directory, and the rule that one
// process at a time uses it.
//
//	DIR/format.json             the layout's version
//	DIR/store.json              where the log is, and its prefix
//	DIR/lock                    held by the process that uses the directory
//	DIR/engine.json             how to reach that process (mode 0600), while it runs
//	DIR/catalog.json            the event types that the configuration declares
//	DIR/log/                    the embedded event log
//	DIR/archive/                the log's indexed copy; safe to delete
//	DIR/snapshots/              states of long aggregates; safe to delete; made
//	                            and read also by processes beside the holder
//	DIR/modules/SHA256.wasm     the modules that pipelines run, and those that
//	                            their generations were built with
//	DIR/modules/SHA256/FILE.js  and the scripts
//	DIR/pipelines/P/spec.json   a pipeline's declaration, its module's path included
//	DIR/pipelines/P/state.db    what the pipeline remembers
//
// Read models with a relative path live in DIR itself.
//
// Invariants:
//
//  1. A directory is made only by Acquire; whatever can be refused before is
//     refused before.
//  2. A file is complete or absent: each is written beside its name and renamed.
//  3. What a process that was killed leaves, its engine.json or a folder without
//     a spec.json, is not believed and not in the way.
//  4. The directory says all that is needed to read its states and to replay,
//     without the YAML it was made from.
package datadir
