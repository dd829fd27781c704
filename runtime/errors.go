package runtime

import (
	"fmt"
	"strings"
)

// Code says what a guest did wrong.
type Code string

// The codes of a module that is refused when it is loaded.
const (
	// NotWasm: the file is no WebAssembly core module.
	NotWasm Code = "not_wasm"
	// Truncated: the module ends in the middle.
	Truncated Code = "truncated"
	// Malformed: the module's bytes or code break the WebAssembly format.
	Malformed Code = "malformed"
	// Unsupported: the module is valid, but not of a shape that can be hosted.
	Unsupported Code = "unsupported"
	// LimitExceeded: the module asks for more than its limits allow.
	LimitExceeded Code = "limit_exceeded"
	// ForbiddenImport: the module imports what a plugin may not have.
	ForbiddenImport Code = "forbidden_import"
	// MissingExport: the module lacks an export that the ABI wants.
	MissingExport Code = "missing_export"
	// WrongSignature: an import or export has another type than in the ABI.
	WrongSignature Code = "wrong_signature"
	// BadManifest: the manifest is invalid or changes from call to call.
	BadManifest Code = "bad_manifest"
	// BadScript: the script is wrong, or defines no projection.
	BadScript Code = "bad_script"
	// BadConfig: the guest does not take its configuration.
	BadConfig Code = "bad_config"
)

// The codes of a process that does not start as a plugin.
const (
	// WrongDigest: the executable is not the one that was pinned, or loaded before.
	WrongDigest Code = "wrong_digest"
	// BadHandshake: the process does not introduce itself as a plugin.
	BadHandshake Code = "bad_handshake"
	// WrongProtocol: the process speaks another version, or not for this kind of
	// plugin.
	WrongProtocol Code = "wrong_protocol"
)

// The codes of a process that fails when it is called.
const (
	// Crashed: the process ended during a call, or its connection did.
	Crashed Code = "crashed"
	// Hung: the process did not answer in time, and was killed.
	Hung Code = "hung"
	// Failed: the process answered with an error of its own.
	Failed Code = "failed"
	// BadReply: the process answered with what cannot be true.
	BadReply Code = "bad_reply"
	// Down: a process cannot be started, or not be brought back to where it was.
	Down Code = "down"
)

// The codes of a guest that fails when it is called.
const (
	// OutOfFuel: the guest used up its execution budget.
	OutOfFuel Code = "out_of_fuel"
	// StackOverflow: the guest's calls are nested too deeply.
	StackOverflow Code = "stack_overflow"
	// BadMark: the guest marked events or effects out of order, or more than there
	// are.
	BadMark Code = "bad_mark"
	// Trap: the guest's code trapped.
	Trap Code = "trap"
	// Exit: the guest ended itself.
	Exit Code = "exit"
	// BadCall: the guest called its host in a way, or at a time, in which it cannot
	// be called.
	BadCall Code = "bad_call"
	// BadOutcome: what an executor says of its effects is no valid frame.
	BadOutcome Code = "bad_outcome"
	// BadPointer: the guest named bytes that it does not have.
	BadPointer Code = "bad_pointer"
	// OutOfMemory: the guest has no room for its input.
	OutOfMemory Code = "out_of_memory"
	// OutputTooLarge: the guest's answer is larger than its limit.
	OutputTooLarge Code = "output_too_large"
	// NoQuery: the guest answers no queries.
	NoQuery Code = "no_query"
	// Dead: the guest failed before and has not been replaced.
	Dead Code = "dead"
)

// The codes of a snapshot that cannot be restored.
const (
	// SnapshotMismatch: the snapshot belongs to another module or other limits.
	SnapshotMismatch Code = "snapshot_mismatch"
	// SnapshotCorrupt: the snapshot's bytes are damaged.
	SnapshotCorrupt Code = "snapshot_corrupt"
)

// NoEvent is the Event of an error that belongs to no event.
const NoEvent = -1

// GuestError is what a guest, or the module or snapshot it is made from, did
// wrong.
type GuestError struct {
	Code Code
	// Plugin is the manifest's name, or the file while that is unknown.
	Plugin string
	// Event is the index in the batch of the event that was being folded or, of an
	// executor, of the effect that was being performed; or NoEvent.
	Event    int
	Executor bool
	// Reason says what happened, on one line.
	Reason string
	// Hint says what its author can do about it; may be empty.
	Hint string
	// Err is the cause, such as a trap with its stack trace; may be nil.
	Err error
}

// Error returns plugin, event, reason and hint on one line.
func (e *GuestError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plugin %s: ", e.Plugin)
	if e.Event >= 0 && e.Executor {
		fmt.Fprintf(&b, "effect %d of the batch: ", e.Event)
	} else if e.Event >= 0 {
		fmt.Fprintf(&b, "event %d of the batch: ", e.Event)
	}
	fmt.Fprintf(&b, "%s (%s)", e.Reason, e.Code)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *GuestError) Unwrap() error { return e.Err }

// EventIndex returns the index in the batch of the event at which the guest
// failed; ok is false if that is unknown.
func (e *GuestError) EventIndex() (index int, ok bool) {
	return e.Event, e.Event >= 0 && !e.Executor
}

// EffectIndex returns the index in the batch of the effect at which an executor
// failed, which is the number of effects if it was done with all of them; ok is
// false if it is unknown.
func (e *GuestError) EffectIndex() (index int, ok bool) {
	return e.Event, e.Event >= 0 && e.Executor
}

// GuestCode returns the code as text, for callers that do not import this
// package.
func (e *GuestError) GuestCode() string { return string(e.Code) }
