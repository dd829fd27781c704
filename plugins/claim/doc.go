// Package claim is what executors share that commit what they write together with
// their position: whether an executor is still the one to write, and how far it has
// come.
//
//   - [Claim] is an executor's right to write a generation. [Claim.Connects] and
//     [Claim.Through] hold a batch to it, [Claim.FencedBy] what the place it writes to
//     knows.
//   - [GapError], [FencedError], [ErrActive] and [ErrClosed] are what can be wrong.
//
// An effect at or below the position has been performed, but for a late one. A batch
// that would leave a hole is a [GapError].
package claim
