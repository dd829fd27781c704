// Package root digests what a read model is at a position of the log, so that two
// builds of it can be compared by 32 bytes.
//
//   - [Effects] is a running hash of all effects, in the order of the log.
//   - [Set] is a digest of keys and their states, whatever their order. It moves
//     with each of them.
//   - [Root] is both at one position, with what is aside, what a resident projection
//     answers, and the declaration that all of it was made by.
//   - [Chain] links the roots that are kept of one build.
//
// Invariants:
//
//  1. A root is a function of the declaration and of the log up to its position.
//     How events were batched, how many instances have folded them, and what was
//     stored in between do not show.
//  2. What is digested is unambiguous: every text stands behind its length.
//
// A Set is a sum modulo 2^256. It finds what has gone wrong, and what somebody has
// changed who does not compute against it; a read model is proved by folding the log
// again, which nothing stored can talk its way out of.
package root
