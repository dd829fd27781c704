// Package signal is functional reactive programming over event histories:
// values that depend on time, and values that happen at times.
//
//   - [Behavior] is a function from [Time] to a value: it can be asked for any
//     time, past or future. [Constant], [FromFunc], [Map], [Apply2], [Apply3]
//     and [Ap] make behaviors; Constant is the pure of the applicative laws.
//   - [Samplable] is whatever can be asked so: what combinators take where they
//     make behaviors or sample. A type of one's own with a method At is one.
//   - [DiscreteEvent] is a list of occurrences in the order of time:
//     [FromSlice], [Collect], [MapEvents], [Filter], [Fold], [Scan], [Take],
//     [Skip], [Merge].
//   - [Stepper], [Switch], [Snapshot] and [Sample] lead from one to the other.
//   - [Accumulate] is the state at any time of a history in which times may go
//     back. The compute resource's is compute.ResourceBehavior.
//   - domain/signal/live has the same combinators over streams that are not in
//     memory.
//
// Both kinds of signal have a map, but a Go method has no type parameters of its
// own: hence functions, and no interface for signals. Nor is there one for what
// happens at times: whatever ranges over occurrences is an
// iter.Seq[Occurrence[A]], and a DiscreteEvent is more than that, in order.
//
// Invariants:
//
//  1. Asking the same behavior for the same time gives the same value, in any
//     order of asking and from any goroutine, if its functions are pure.
//  2. A DiscreteEvent is in the order of time. Occurrences of equal times keep
//     the order they were given in, and [Merge] puts the left's first.
//  3. Signals are immutable: what goes in and what comes out is copied. Values
//     are not; whoever puts pointers in must not write through them.
//  4. What happens at t has happened at t: Stepper, Switch and Accumulate
//     include occurrences of the very time that they are asked for.
//  5. Accumulate at MaxTime is the fold of the whole history as recorded.
//  6. A nil argument is refused with a panic where the combinator is called, not
//     later where its result is used. Zero Behaviors and DiscreteEvents are
//     usable: the zero value at all times, and no occurrences.
//
// The package never reads a clock: it is asked for times.
//
// Start reading at behavior.go, then discrete.go and stepper.go.
package signal
