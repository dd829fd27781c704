// Package log is an executor that writes Log effects to a [log/slog.Logger].
//
// Invariants:
//
//  1. A Log effect becomes one record with the attributes pipeline and
//     position, in the order of the effects.
//  2. A message is at most [MaxMessage] bytes of the projection's text, and has
//     no character that could move a terminal's cursor, start a line or
//     reverse the direction of text.
//
// It keeps no position: what was logged before a crash is logged again after
// it. It never reads the logger's output and never fails because of it.
//
// Start reading at [Executor.Execute].
package log
