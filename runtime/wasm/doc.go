// Package wasm runs projections and executors as sandboxed WebAssembly modules.
//
//   - [Host] compiles modules, with a cache on disk, and holds what they may
//     import.
//   - [Module] is a projection that has passed the gate: it imports nothing that
//     could make it impure, and exports plugin ABI v1.
//   - [Instance] is one running copy: [Instance.Fold] takes a batch frame and
//     gives a result frame; [Instance.Snapshot] and [Instance.Restore] move
//     its whole state, whatever language it was written in.
//   - [Pool] is several instances that fold the parts of one batch side by side.
//   - [ExecutorModule] and [ExecutorInstance] are the same of an executor:
//     [ExecutorInstance.Execute] takes a batch of effects and gives an outcome.
//     What of the world outside it may have stands behind [Calls].
//
// Invariants:
//
//  1. A projection gets no world: no files, environment, arguments, sockets or
//     other processes. Its clocks stand still but for the time it sleeps, which
//     takes none; its random source is seeded with its digest. Two instances
//     given the same calls are in the same state. (NaN is the one exception:
//     which of its bit patterns an operation yields is up to the machine.)
//
//  2. Every pointer and length that a guest returns is checked against its
//     memory; what it asks of memory, table, output and log is bounded by
//     [Limits]. Whatever it does wrong is a *runtime.GuestError.
//
//  3. An instance that failed is dead: each further call is a typed error. The
//     owner replaces it, from the last snapshot if it is resident.
//
//  4. A call allocates nothing on the host, however many events it carries,
//     unless the guest logs, fails or grows its memory.
//
//  5. An instance restored from a snapshot goes on exactly as the one it was
//     taken of. A snapshot belongs to one module digest and one version of the
//     meter, and holds all state: memory, globals, tables, which segments are
//     dropped, and what the imports remember.
//
//  6. Every call ends: a module is metered before it is compiled, with fuel for
//     each event and a bounded stack. Where a budget ends does not depend on the
//     machine, and, in a guest that marks its events, not on how events are
//     batched. The error names the event.
//
//  7. Close leaves nothing: no memory, machine code or goroutine.
//
//  8. What a pool returns, and how it fails, is what one instance does: the same
//     states, effects in the same order, and of several events that fail the one
//     that comes first in the batch. A part that fails is no verdict: the whole
//     batch is folded again by one instance.
//
//  9. An executor has real clocks, a real random source and what is behind its Calls,
//     while it performs effects only, and nothing else of the world. It has no
//     snapshots. Calls are asked with copies of bytes, and the guest is not called
//     meanwhile. A projection cannot import what an executor may.
//
// A pool cuts a batch into parts of about as many bytes, a key in one part only;
// what is stateless it cuts between any two events. It has no queue and no
// goroutine between two calls, starts a worker when a batch is large enough for it,
// and replaces one that has failed. It keeps no spare instance: to start one takes
// milliseconds in Go and less in C, and an instance fails once for an event that stops its
// pipeline. What a guest logs in a part of a batch that fails is logged again.
//
// Neither a deadline nor a cancelled context ends a call that is under way; a
// context is looked at before a call only. Where wazero interprets, on machines
// for which it has no compiler, its own bound of 2,000 nested calls comes before
// ours.
//
// Tables are read only if one has changed since the instance started, and only
// those that code changes. wazero tells which function is in a slot to those who
// know its type, so reading tries the types of the module, the most common ones
// first, at most 2^20 times in all. A module whose tables would take more, such as
// 9,000 functions of 256 types, of each as many, does not load, or has a snapshot
// refused and goes on. Modules with state that a snapshot cannot hold do not load:
// those with several memories, or with mutable globals of vector or reference type.
//
// Threads, 64-bit memory, exception handling, tail calls and garbage-collected
// types are refused, as are components: the sandbox takes core modules of
// WebAssembly 2.0.
//
// Start reading at load.go, the way of a module, then instance.go and executor.go.
package wasm
