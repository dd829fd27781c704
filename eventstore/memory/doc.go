// Package memory is an event store in the process's memory, for tests and for
// trying things out. It keeps the whole contract of package eventstore and
// remembers every event id, so that repeating an append is safe for ever.
//
//   - [Store] is made by [New] and forgotten with the process.
//
// It never bounds its size. Start reading at Store.Append.
package memory
