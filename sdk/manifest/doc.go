// Package manifest is what a plugin says about itself: the JSON document that
// refold_describe returns. ABI.md, one folder up, is its specification.
//
// Invariants:
//
//  1. What Parse returns is valid: known kind and state, well-formed names, no
//     field twice.
//  2. Unknown JSON keys are refused, so that a newer guest is never half
//     understood.
//
// It never looks at the catalog: an event type that nobody records is for the
// engine to notice. Start reading at manifest.go.
package manifest
