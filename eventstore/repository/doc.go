// Package repository loads aggregates from a store and appends what commands
// decide: load → decide → append, against one and the same version.
//
//   - [Repository] is for the aggregates of one definition.
//   - [Options] may give it a [SnapshotStore]: then a load is a snapshot and
//     the events after it.
//   - A repository remembers the aggregates that it has loaded last, if their
//     definition has a Copy: then a load is what is remembered and what is new.
//
// A load reads the store from the version on that is remembered, or that the
// snapshot is of. The first event that comes back has to be the one that this
// version ended with, at its position; so the log itself says whether what is
// remembered or kept is of its history. If it is not, or there is nothing, all
// events are folded. So nothing is ever stale, and an append by another process
// is an event that is read.
//
// A snapshot is taken by the load that has folded Options.Every events beyond
// the last one: of events that were read, never of events about to be stored,
// and outside of the decision. Where nothing had to be folded, because it was
// remembered, the snapshot is only for other processes, and may fall eight times
// as far behind: writing the file is what costs most of a command then.
//
// What a change has appended is remembered as it was encoded, with the place
// that the store says; the next load has it proven. A state is never given to a
// caller and remembered as well: of each there is a Copy.
//
// ChangeOnce has to know whether an aggregate of any length has an event. So a
// snapshot has a mark of four bytes per event: an id whose mark is missing is new;
// one whose mark is there is looked for among all events.
//
// Invariants:
//
//  1. A decision is appended only to the history that it has seen: the expected
//     version is that of the state it was made on.
//  2. A conflict is met by loading and deciding again, a bounded number of
//     times; the last conflict is returned as it is.
//  3. Repeating a command with the same event ids stores its events once, and
//     returns the aggregate as the log has it.
//     ChangeOnce holds to that for ever and returns what it returned first;
//     Change for as long as the store remembers ids.
//  4. With and without snapshots, remembered or not, a load gives the same:
//     state, version and error. A snapshot that is damaged, of another revision
//     or catalog, ahead of the log or of another history is not used, and is
//     replaced.
//  5. What goes wrong with snapshots is told to the logger. It is never an error
//     of a load or of a command.
//
// One case is out of reach: a log that lost its end and was written again, so
// that the same event id stands at the same version and position behind other
// events. After such a repair delete the snapshots, and start programs anew.
//
// Start reading at Repository.Change, then Load.
package repository
