// Package domain is the parent of Refold's pure core: values and functions
// without a clock, randomness or I/O. Time and ids come in as parameters.
//
//   - domain/event: what a fact is, how facts are identified and ordered, and
//     their JSON Lines form.
//   - domain/effect: I/O as data, the output of a projection.
//   - domain/aggregate: decide and evolve, the write side's two functions.
//   - domain/fsm: state machines from a table.
//   - domain/signal: values over time, in memory and live.
//   - domain/compute: the compute-resource aggregate.
//
// Nothing below domain imports another folder of this module.
package domain
