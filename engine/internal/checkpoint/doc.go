// Package checkpoint keeps what a pipeline must remember between two runs: per
// generation of its read model, the position it has come to, the states of its
// keys or the snapshot of its instance, and the coverage ledger.
//
// One bbolt file holds one pipeline. Its layout:
//
//	active      → generation that readers see (u64, big-endian)
//	activating  → generation on its way to become active, if any
//	keeping     → generation that is active and will be kept then
//	life        → Life, as JSON, where it outlives the engine
//	rollback    → Rollback, as JSON, while one holds
//	g<N>/       → one bucket a generation
//	    mark    → Mark, as JSON, with what there is beside it
//	    declaration → Declaration, as JSON
//	    served  → until when it was active, if it is kept since
//	    snapshot→ the instance's snapshot (resident)
//	    keys/   → key → state (keyed)
//	    parked/ → key → why its events wait
//	    waiting/→ key and position → an event that waits
//	    letters/→ what was left out, and why
//	    roots/  → position → Root, as JSON
//
// All values but the snapshot are behind a CRC-32C of key and value; the mark
// has the snapshot's, and the number and the sum of those of the states, and of
// those of what is aside.
//
// Invariants:
//
//  1. A commit is one transaction: mark, states and snapshot move together or
//     not at all, and are on disk when Commit returns.
//  2. A mark never says more than its states hold: a state store may lag behind
//     a sink, never the other way round, because the engine commits sinks first.
//  3. Delivered + Filtered + Parked + DeadLettered = Position in every mark.
//  4. A generation's number is never used again, not even after it has been
//     dropped: sinks may remember it, and effect ids are derived from it.
//  5. What is read is what was committed last or, where one of the file's two
//     meta pages is damaged, before that; if not, the error is a [DamageError].
//     Open checks the pages, which bbolt would believe, or panic over, and
//     Verify that all states are there.
//  6. Each commit keeps the root of what it has stored; see package root. The roots
//     are linked, and Verify holds them against each other and against the states.
//     There are at most maxRoots: the older, the further apart. What an instance
//     answers it cannot know: who restores a snapshot holds that to CheckAnswer.
//
// Start reading at Store.
package checkpoint
