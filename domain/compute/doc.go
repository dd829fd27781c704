// Package compute is the compute-resource aggregate: a server, a switch, a
// sensor, from its registration to its retirement.
//
//   - [Command] is one of 12 requests, [Handle] decides it, [Decision] is what
//     follows: one event, the lifecycle's warnings, advice.
//   - [Event] is a [Payload], one of 12, with its header. It has a flat JSON
//     form of its own, an [Envelope], and a form in Refold's log: [ToEvent]
//     and [FromEvent].
//   - [State] is what events amount to: [Empty], State.Apply, [Fold].
//   - [ResourceBehavior] is the state at any time, past times included.
//   - [NewLifecycle] is the machine over [Status]. It and Status.CanBecome come
//     from the one table in lifecycle.go.
//   - [Hostname], [IPAddress], [MAC], [VLAN], [MTU], [ResourceType] and the ids
//     are values that are valid or do not exist.
//   - [Definition] joins it all for a repository.
//
// Invariants:
//
//  1. Handle is pure. Event id and time are the command's, so that deciding a
//     command again in the same state gives the same event.
//  2. Apply is total: it never refuses an event of its own aggregate, and never
//     validates. An event of another aggregate changes nothing, version
//     included.
//  3. A resource is initialised exactly if it has a creation time. Every
//     command but RegisterResource needs an initialised one.
//  4. A decommissioned resource is read-only: no command is accepted.
//  5. A policy is listed at most once; a metadata key too. Both lists keep
//     the order of first appearance.
//  6. The update time is that of the event applied last, even where that is
//     older than the one before. Version counts the events applied.
//  7. Decoding checks the form of every value and refuses unknown, repeated and
//     missing fields. It does not check the rules of commands (asset tags,
//     metadata keys): what has once been accepted stays readable when a rule
//     is tightened.
//
// The package never reads a clock, draws an id, logs or performs I/O.
//
// Start reading at handle.go, then lifecycle.go and apply.go.
package compute
