// Package upcast puts an event catalog in front of a log: readers get
// every event in its type's current version, whatever version it was stored in.
//
//   - [Log] is a log, made by [Wrap].
//
// Invariants:
//
//  1. What Read, ReadAll and Follow return is current, by the catalog. Events of
//     types that the catalog does not have are as they were stored.
//  2. An event that cannot be made current is an error that names its position,
//     a *catalog.NewerSchemaError or *catalog.UpcastError, after all events
//     before it. It is never left out, and never handed out as it is.
//  3. Nothing is stored that the catalog could not read. Events of older
//     versions are stored as they come.
//  4. The stored log does not change: another catalog reads it otherwise.
//
// With an empty catalog the log is the one beneath. The package stores
// nothing itself. Start reading at Wrap.
package upcast
