// Package config reads the YAML of engine and pipelines into typed values, and
// says of every mistake where it stands.
//
// It works in two of the four steps of a configuration's life: decode (YAML to
// typed values, strict) and validate (rules that need no I/O beyond reading
// the files). Opening and closing are the engine's.
//
// Invariants:
//
//  1. A key that no field claims, a key twice, and a value of another type are
//     errors; nothing is silently ignored or converted.
//  2. Every error is an *Error with file, line and column, and a hint where one
//     can be given; all errors are reported, not only the first.
//  3. What only follows from another mistake is not told, nor anything twice.
//  4. Load changes nothing on disk, and neither aliases nor variables can make it fill
//     the memory.
//  5. What is in a variable of the environment is text: never a key, a list or a
//     comment. No error tells it.
//
// The types are all that there is of a description: JSON Schema and docs/CONFIG.md are
// made of them and of their comments, by the tests.
//
// Start reading at Config.
package config
