// Package conformance is the one suite that every guest kit passes: each kit
// has a mirror guest, which says back all that it reads and does what an event
// commands, and the suite folds the golden vectors of sdk/testdata with it in
// the real sandbox.
//
// A new kit adds its mirror under guests, a way to build it beside [BuildGo],
// and a line to the suite's table of kits. The builders serve tests of example
// guests, too.
//
// Invariants:
//
//  1. Kits agree byte for byte in states, effects and rejections.
//  2. A guest without a kit, written from ABI.md alone, folds that document's
//     worked example to the result that stands there.
//  3. A compiler that is not there skips its kit with a message, and fails the
//     test where CI is set.
//  4. A test whose guest has changed runs anew, whatever go test has cached: see
//     [Watch].
//
// Start reading at kits_test.go.
package conformance
