// Package wasmfile reads and writes WebAssembly modules section by section. It
// knows what a module imports, exports and declares, and the instructions of its
// functions one by one; what these do it does not know.
//
//   - [Decode] reads a module; [File] is what it declares.
//   - [Instructions] reads a function's code.
//   - [File.Declared] lists the functions that code can refer to.
//   - [File.Encode] writes the module again, with an [Edit] applied.
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
//     which the specification says to ignore, and, where code changes, those
//     that refer to offsets in it.
//  5. Instructions accepts only what every reader takes the same way: where
//     wazero is laxer than the specification, it is not.
//
// Start reading at decode.go.
package wasmfile
