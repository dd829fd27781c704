// Package wasm runs projections as sandboxed WebAssembly modules.
//
//   - [Host] compiles modules, with a cache on disk, and holds what they may
//     import.
//   - [Module] is a plugin that has passed the gate: it imports nothing that
//     could make it impure, and exports plugin ABI v1.
//   - [Instance] is one running copy: [Instance.Fold] takes a batch frame and
//     gives a result frame; [Instance.Snapshot] and [Instance.Restore] move
//     its whole state, whatever language it was written in.
//
// Invariants:
//
//  1. A module gets no world: no files, environment, arguments, sockets or
//     other processes. Its clocks stand still but for the time it sleeps, which
//     takes none; its random source is seeded with its digest. Two instances
//     given the same calls are in the same state. (NaN is the one exception:
//     which of its bit patterns an operation yields is up to the machine.)
//  2. Every pointer and length that a guest returns is checked against its
//     memory; what it asks of memory, table, output and log is bounded by
//     [Limits]. Whatever it does wrong is a *runtime.GuestError.
//  3. An instance that failed is dead: each further call is a typed error. The
//     owner replaces it, from the last snapshot if it is resident.
//  4. A call allocates nothing on the host, however many events it carries,
//     unless the guest logs, fails or grows its memory.
//  5. An instance restored from a snapshot goes on exactly as the one it was
//     taken of. A snapshot belongs to one module digest and one version of the
//     meter, and holds all state: memory, globals, the table, which segments are
//     dropped, and what the imports remember.
//  6. Every call ends: a module is metered before it is compiled, with fuel for
//     each event and a bounded stack. Where a budget ends does not depend on the
//     machine, and, in a guest that marks its events, not on how events are
//     batched. The error names the event.
//  7. Close leaves nothing: no memory, machine code or goroutine.
//
// There are no pools of instances: the engine has one for each generation of a
// pipeline, keyed ones too, and uses it from one goroutine.
//
// Neither a deadline nor a cancelled context ends a call that is under way; a
// context is looked at before a call only. Where wazero interprets, on machines
// for which it has no compiler, its own bound of 2,000 nested calls comes before
// ours.
//
// A table is read only if it has changed since the instance started. wazero tells
// which function is in a slot to those who know its type, so reading tries the
// types of the module. A module whose table would take too many tries, of many
// functions and types, does not load, or has a snapshot refused and goes on.
// Modules with state that a snapshot cannot hold do not load: those with several
// memories or tables, or with mutable globals of vector or reference type.
//
// Threads, 64-bit memory, exception handling, tail calls and garbage-collected
// types are refused, as are components: the sandbox takes core modules of
// WebAssembly 2.0.
//
// Start reading at load.go, the way of a module, then instance.go.
package wasm
