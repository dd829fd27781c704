// Package meter rewrites a WebAssembly module so that what it may use is
// bounded by its own code: deterministically, and without calls to the host.
//
//   - [Rewrite] takes a module that package wasmfile has read and returns it
//     metered.
//   - [Fuel], [Stack], [Event], [Events], [EventFuel], [RestFuel], [Changes] and [Spent] name the
//     counters, exported globals that the host sets before a call and reads
//     after it.
//   - [Start] is the start function, to be called under a budget.
//   - [TableSize], [Drop] and so on name what lets the host read and restore what
//     a module changes beside memory and globals.
//
// Fuel is charged in advance, at the entry of each function, at the head of
// each loop and where code begins that no earlier charge pays for (plan.go).
// What an instruction costs is in cost.go; a length costs on top. An import that
// marks events becomes a function that fills the fuel up (mark.go). The counter
// is a global; a function with a loop that calls nothing keeps it in a local
// meanwhile, without which a tight loop takes a third longer.
//
// Invariants:
//
//  1. Every round of a loop and every call costs at least one unit, and all code
//     that runs is paid for before it runs, but for memory and tables that grow:
//     these are paid for when they have grown, if they have.
//  2. What a call costs depends on the module, the arguments and the state alone:
//     not on the machine, on wazero or on its mode. It depends on [Version].
//  3. Used-up fuel or stack traps (unreachable), and the counter is below zero;
//     so it is after no other trap. A counter that is not used up tells nothing.
//  4. A function gives back the stack that it took whichever way it returns.
//  5. But for traps by a budget, a metered module does what the original does, if
//     no element segment of that lies outside of its table (see [Function]).
//  6. If wazero accepts the original it accepts the result; the original cannot
//     reach what is added; and what is not valid does not become so.
//  7. The same module and options give the same bytes.
//  8. Indexes of the original stay as they are. So custom sections stay, names
//     among them, but for those that refer to offsets in the code.
//
// Code gets references to functions from a table that is added, not by ref.func:
// wazero makes a new one for each ref.func that runs, and keeps it as long as the
// instance. Segments that are dropped have bits in globals, which code sets
// (state.go).
//
// What is refused, by name: exception handling, tail calls, typed function
// references, garbage collection, threads, 64-bit and several memories, relaxed
// SIMD.
//
// The counts of a charge are upper bounds: one charge pays for up to about a
// thousand units of code behind it, which a branch may then pass over. That
// makes fuel a bound and no clock.
//
// Start reading at module.go.
package meter
