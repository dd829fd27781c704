// Package manifest is what a plugin says about itself: the JSON document that
// refold_describe returns. ABI.md, one folder up, is its specification.
//
//   - [Manifest] is a projection's, [Executor] an executor's.
//
// Invariants:
//
//  1. What [Parse] and [ParseExecutor] return is valid: known kinds and states,
//     well-formed names, nothing twice.
//  2. Unknown JSON keys are refused, so that a newer guest is never half
//     understood.
//
// It never looks at the catalog: an event type that nobody records is for the
// engine to notice. Start reading at manifest.go.
package manifest
