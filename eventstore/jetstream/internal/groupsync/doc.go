// Package groupsync lets many callers share one slow operation, as databases do
// with the flush that makes a commit durable.
//
//   - [Group] runs the operation.
//
// Invariants:
//
//  1. The operation begins after the call of Sync that it answers: whoever comes
//     while one runs waits for the next.
//  2. At most one operation runs at a time, and at most one is waited for.
//
// It never repeats an operation that went wrong by itself. Start reading at
// Group.Sync.
package groupsync
