// Package modcache keeps compiled modules in a folder, so that a module is
// compiled once a machine and not once a start.
//
// Invariants:
//
//  1. The folder is written by its owner alone: what is in it is run as machine
//     code, so a folder that others may write to is refused.
//  2. It can be deleted at any time between runs; damaged entries are dropped
//     and made again.
//
// Entries, their names and their checksums are wazero's. Start reading at
// cache.go.
package modcache
