// Package module is what every guest in Go exports, whatever it is: the marker of the
// ABI, room for the host's input, and its log.
//
// Invariants:
//
//  1. There is one input at a time: what Given returns is valid until the next call
//     of the host.
//  2. It compiles natively, where there is no host: Log writes to standard error.
package module
