// Package remote calls an event store at the other end of a connection: all of
// its methods, and its errors as their caller may ask for them.
//
//   - [Serve] is the end that has the store.
//   - [Dial] is the other one: it returns a [Log], which may be a [Store].
//
// The package never repeats a call. Start reading at Log.
package remote
