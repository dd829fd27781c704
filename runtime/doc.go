// Package runtime is the parent of the plugin hosts and owns what they share: the
// typed errors of a guest, and what an executor asks its host for. runtime/wasm runs
// sandboxed modules, runtime/process runs child processes; both speak the frames of
// sdk/frame. runtime/capability is what an executor may be granted of the world
// outside, runtime/executor an executor of the engine that a guest performs for.
//
// Invariants:
//
//  1. Whatever a guest does wrong reaches the caller as a [*GuestError] with a
//     [Code] of a closed list; a host never panics because of a guest.
//  2. A code's text is stable: logs, JSON and scripts may rely on it.
//  3. What goes wrong on the host's side (a file that is not there, a cancelled
//     context, a batch that is too large to send) is never a *GuestError.
//
// The package knows nothing of events, pipelines or executors: bytes in, bytes
// out. A caller that must not import it finds the failing event through a small
// interface of its own:
//
//	var at interface{ EventIndex() (int, bool) }
//	if errors.As(err, &at) { ... }
//
// Start reading at errors.go.
package runtime
