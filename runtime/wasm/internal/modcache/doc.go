// Package modcache keeps modules in a folder, metered and compiled, so that a
// module is metered and compiled once a machine and not once a start.
//
// Invariants:
//
//  1. The folder is written by its owner alone: what is in it is run as machine
//     code, so a folder that others may write to is refused.
//
//  2. It can be deleted at any time between runs; damaged entries are dropped
//     and made again.
//
//  3. A metered module is kept under a digest of the module, the options and
//     the version of the meter, with a checksum; a compiled one, by wazero, under
//     a digest of the metered module, its own version and the machine's features.
//
// Start reading at cache.go.
package modcache
