// Package fsm builds finite state machines from tables.
//
//   - [Mealy] is a machine whose output depends on state and input; [Moore]
//     one whose output depends on the state it reaches.
//   - [Table] and [MooreTable] list states, inputs, transitions, refusals and
//     invariants; [NewMealy] and [NewMoore] check and compile them.
//   - [History] drives a machine, remembers where it stands and the latest
//     steps.
//   - Mermaid draws the table as a state diagram.
//
// Invariants:
//
//  1. A machine is deterministic: a table with two entries for one cell (state
//     and input) is refused with a [NondeterminismError].
//  2. A machine is immutable and has no current state of its own: Step is a
//     pure function, safe for concurrent use.
//  3. Every state that a table can reach from its initial state satisfies the
//     table's invariants: proved when the machine is built, not on each step.
//  4. A refused step returns a typed error and the state it started from; a
//     History is unchanged by it.
//  5. Whatever lists states, inputs or transitions, a diagram included, does so
//     in the table's order.
//
// The package never reads a clock: the time of a step is a parameter.
//
// Start reading at table.go, then mealy.go.
package fsm
