// Package wasmfile reads and rewrites WebAssembly modules section by section.
// It knows what a module imports, exports and declares; code it leaves as it
// is.
//
//   - [Decode] reads a module; [File] is what it declares.
//   - [File.Encode] writes it again, with an [Edit] applied.
//
// Invariants:
//
//  1. Decode never panics and never reserves memory for more entries than the
//     bytes at hand can hold, whatever they say.
//  2. It checks every count and length that a compiler behind it would reserve
//     memory by: of sections, vectors, names, segments, bodies and locals.
//  3. It accepts no number with more bits than its type and no section out of
//     order, twice, or with bytes left over.
//  4. Encode without an Edit gives a module with the same sections in the same
//     order; custom sections are kept, except a name section that is malformed,
//     which the specification says to ignore.
//
// Start reading at decode.go.
package wasmfile
