// Package plugintest runs given/when/then cases, written in YAML, against a
// projection in any language, as an engine would run it.
//
//   - [Load] reads a file of cases; [Suite.Run] runs them.
//   - A [Result] says of a case what differs, and where that stands in the file.
//   - [Suite.Update] writes what the projection gave into the file.
//   - [Test] runs a file of cases as part of a test in Go.
//   - [Write] makes a file of a log that breaks a law.
//
// Invariants:
//
//  1. What a case does not say has the same value in each run: ids, times,
//     positions and aggregates are derived from an event's place in its case.
//  2. A case holds the laws of package projection, too, whatever it expects: its
//     events are folded in other batches, with other instances and key by key, and
//     the outcome has to be the same.
//  3. A key that no field claims, or an event of a type that the projection does
//     not want, is an error with file, line and column; nothing is ignored.
//  4. Update changes what stands under `then:` and no other line, and of that
//     nothing that holds.
//
// Start reading at suite.go, then run.go.
package plugintest
