// Package gate decides whether a module may be hosted: by what it imports, what
// it exports and what it is made of. It looks at declarations only and runs
// nothing.
//
// Invariants:
//
//  1. A module that passes imports nothing but functions of package imports that
//     its kind may have, each with its signature.
//  2. It exports what plugin ABI v1 wants of its kind, each with its signature.
//  3. Memory, mutable globals, one table and which segments are dropped are all
//     of its state.
//  4. A refusal names everything of its kind at once, not the first find only.
//
// Start reading at gate.go.
package gate
