// Package live has the combinators of domain/signal over streams: occurrences
// that are pulled one by one from a log, a queue or a generator, that need not
// end, and of which nothing is kept.
//
//   - [Stream] is an iter.Seq of occurrences. [Map], [Filter], [Scan], [Take],
//     [Skip], [Merge] and [Snapshot] make streams of streams; [Fold] uses one up.
//   - [Behavior] is a value that can be sampled forwards only: [Stepper],
//     [Switch], and [Of] a signal.Samplable, which forgets how to go back.
//   - [Ordered] refuses a stream that goes back in time, with an [OrderError];
//     [Monotone] mends it.
//   - signal.DiscreteEvent.All and signal.Collect convert from and to the form
//     that is in memory.
//
// Invariants:
//
//  1. On the same occurrences in the order of time, a combinator yields what its
//     namesake in domain/signal has.
//  2. No occurrence is lost or repeated. One occurrence of each source at most
//     is pulled and not yet passed on, and only by [Merge], [Stepper] and
//     [Switch], which look ahead.
//  3. A consumer that breaks stops all sources before its loop is left, and so
//     does a panic. No source is pulled before the consumer asks, and none by
//     Take once it has enough.
//  4. A combinator has no state of its own between two loops: a stream can be
//     consumed again if its source can.
//  5. Streams must be in the order of time where two of them meet: in Merge,
//     Stepper, Switch, and a Snapshot of these. They do not check it, and lose
//     and repeat nothing if it is broken, but the result is then not that of the
//     sorted occurrences. Who does not know it puts Ordered before.
//  6. A nil argument is refused with a panic where the combinator is
//     called.
//
// There is no clock: Merge waits for both sources before it passes on the older
// of two occurrences, and Stepper for one that is newer than the time it is
// asked for, because only then it is known that nothing comes between. A source
// that may be silent for long should yield occurrences that say only the time.
//
// The package starts no goroutine. Merge, Stepper and Switch use iter.Pull,
// whose coroutine ends with the loop.
//
// Start reading at stream.go, then merge.go and behavior.go.
package live
