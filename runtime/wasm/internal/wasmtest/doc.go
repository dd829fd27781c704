// Package wasmtest builds small WebAssembly modules by hand, for tests of
// modules that no compiler would make. Only tests import it.
//
// [Guest] is a plugin that keeps to the ABI; a test changes what it is about.
package wasmtest
