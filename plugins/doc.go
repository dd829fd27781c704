// Package plugins is the parent of the first-party executors: what performs
// the effects that projections ask for.
//
//   - plugins/sqlite: rows in tables of a SQLite file, in one transaction with
//     the position.
//   - plugins/postgres: the same in a PostgreSQL database.
//   - plugins/rows: no executor, but what those have in common that keep rows.
//   - plugins/claim: none either, but what those have in common that commit what
//     they write together with the position.
//   - plugins/nats: events in the engine's own log, messages to subjects, rows in
//     a key-value bucket.
//   - plugins/http: effects posted to a URL.
//   - plugins/file: effects in files of JSON Lines, committed together with the
//     position.
//   - plugins/log: lines in the operator's log.
//   - plugins/collect: effects in memory, for tests and embedding programs.
//   - plugins/null: nothing; effects are discarded.
//   - plugins/filter: whatever another executor makes of the effects that a rule
//     lets through.
//
// An executor owns its driver and its own configuration. It imports
// domain/effect and domain/event, never the engine and never another
// executor: the engine declares the interface, and the structs here fit it.
// A filter says by an interface of its own what it can stand before.
// Every executor runs the conformance suite in engine/executortest.
package plugins
