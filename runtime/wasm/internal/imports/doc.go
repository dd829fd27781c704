// Package imports is everything that a sandboxed module may import: the log and
// the mark of module "refold", and a subset of WASI preview 1 behind which there is
// no world; for an executor also "refold_host", by which it asks its host for what
// it has been granted.
//
//   - [Functions] is the whole list for a [Kind] of module, with signatures; what is
//     not on it cannot be imported.
//   - [Guest] is what the functions know and keep of one instance. It is the
//     context.Context of each call into that instance.
//
// Invariants:
//
//  1. To a projection, what a function answers depends on its arguments and on the instance's
//     [Guest.Random] and [Guest.Slept] alone, and both are in its snapshots.
//
//  2. To a projection, time passes only while it sleeps: the clocks start at [Epoch] and
//     poll_oneoff moves them to the deadline it waits for, and returns at once.
//
//  3. There are no arguments, no environment, no files and no sockets. Asking
//     for a file that is not there gets the errno a sandbox gives; sockets,
//     signals and changes to files cannot even be imported.
//
//  4. What a guest writes to its log never reaches its own state, and is bounded
//     for each call ([Log]).
//
//  5. An executor has real clocks and a real random source ([Live]). It reaches its
//     host while it performs effects only ([Guest.Enter]), by requests that are
//     copied, and no function of it is called meanwhile. A wrong pointer, length or
//     moment ends the call.
//
// No function allocates unless it logs, or asks the host. Start reading at functions.go.
package imports
