// Package aggregate is the write side in its pure form: decide what follows
// from a command, evolve the state by what followed.
//
//   - [Decider] is an aggregate's behaviour: three functions over its own
//     types for state, command and event.
//   - [Codec] translates the aggregate's own events to and from event.Event.
//   - [Definition] is both, and all that a repository needs: Replay turns
//     recorded events into an [Instance]; Execute turns an instance and a
//     command into a [Commit], the arguments of an append.
//   - [Snapshot] is an instance in bytes, by the aggregate's [StateCodec], with
//     the id of its last event: Definition.Snapshot makes it, Restore reads it.
//   - [Stamped] and [NewCodec] spare an aggregate that has no use for event
//     ids and times the handling of them: it decides and evolves bare payloads.
//
// Invariants:
//
//  1. Fold(Fold(s, a), b) = Fold(s, a ++ b): a snapshot and its tail give the
//     same state as the whole history.
//  2. An Instance's version is the version of the last event folded into it.
//     A Commit expects exactly that version, so that a decision is never
//     appended to a history it has not seen.
//  3. Replay accepts an aggregate's own events in gapless order and nothing
//     else; an error names the position of the event that broke the rule.
//  4. A Commit's events carry the instance's id and are valid, or there is no
//     Commit.
//  5. A Snapshot decodes to a state that deeply equals the one it was made of,
//     or there is no Snapshot; and it is restored by code of its own revision
//     only.
//
// The package never draws an id or reads a clock. Ids and times are the
// command's; the further events of a command get ids derived from its own, so
// that repeating a command repeats the ids.
//
// Start reading at decider.go, then definition.go.
package aggregate
