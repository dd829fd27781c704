// Package catalog knows the event types of a log: their fields, their current
// schema versions, and how a payload of an older version becomes one of the
// current version.
//
//   - [Type] declares an event type; [New] checks a list of them and makes the
//     [Catalog].
//   - [Upcaster] leads from one version to the next by steps: [Rename], [Add],
//     [Drop], [Move] and [MapValues] are data, [Func] is code.
//   - [Object] is a payload as a Func sees it.
//   - [Catalog.Digest] identifies all that changes what a reader sees.
//
// Invariants:
//
//  1. A catalog's chains are whole: each type has one upcaster from every
//     version below its current one, in ascending order. New names each fault.
//  2. An event's SchemaVersion says which version it is, never its payload. It
//     is the target's version after an upcast.
//  3. An event of the current version is returned as it is, at the price of one
//     map lookup. So is one of a type that the catalog does not have, unless
//     the catalog is strict.
//  4. A version newer than the catalog's is a *NewerSchemaError, never a guess.
//  5. What no step names survives to the byte: unknown fields, the digits of
//     numbers, the escapes in strings, the order of keys. Only white space
//     between the members of an object that is written anew is dropped.
//  6. The event that is upcast is not written to.
//  7. Upcasting through several versions gives the same bytes as upcasting
//     version by version.
//
// The package never reads a clock, draws a random number or does I/O, and Funcs
// must not either: the same event has to become the same payload on every
// machine, for ever.
//
// Start reading at catalog.go, then upcaster.go.
package catalog
