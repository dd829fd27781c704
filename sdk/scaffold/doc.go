// Package scaffold makes new projects of projections, complete with the guest
// kit, so that a project builds on a machine without a network.
//
//   - [New] makes the folder.
//   - [Languages] lists what it can be asked for.
//
// The files are templates: templates/common for all languages, and one folder a
// language. NAME in a file's name stands for the project's.
//
// Invariants:
//
//  1. A project is there as a whole or not at all: it is written beside its
//     place and moved there.
//  2. Nothing that exists is changed.
//  3. What New makes builds, passes its own cases and runs as it is; tests hold
//     that for every language whose compiler is there.
//
// It runs no compiler: that is package toolchain. Start reading at New.
package scaffold
