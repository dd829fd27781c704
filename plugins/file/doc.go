// Package file is an executor that appends effects, in their JSON form, to files of
// JSON Lines: each exactly once.
//
//		FOLDER/current          what readers see: a symbolic link to g1, g2, …
//		FOLDER/g2/000001.jsonl  the effects of generation 2, in order: finished files,
//		FOLDER/g2/000002.jsonl  and the last one, which grows
//		FOLDER/refold.json      the ledger: whose folder it is, and how far each
//		                        generation has come
//		FOLDER/lock             held by whoever changes any of this
//
//	  - [Config] says which folder, and when a file is finished.
//	  - [Open] takes over a pipeline's generation in the folder, and makes it at its
//	    first opening.
//	  - [Executor] appends.
//
// Invariants:
//
//  1. The ledger has the position, and which lines there are at it: the last file
//     and its length. A batch's lines are on disk before the ledger is written, and
//     that is written whole, by a rename, with a checksum. So lines and position are
//     always those of the same prefix of the log. What a crash or a full disk has
//     left behind that is cut off before the next opening or batch writes anything.
//  2. Every opening takes a new epoch, and whatever changes the folder holds the lock
//     and looks whether its epoch is the newest: else the error is a
//     [claim.FencedError]. So no two engines' lines get mixed up.
//  3. An effect is written once: what a batch holds at or below the position is
//     skipped, and a batch that would leave a hole is a [claim.GapError]. Late effects
//     alone may come again after a crash; they have their ids.
//  4. A batch of which an effect has no JSON form is not written at all.
//  5. A file that is finished is never written to again, and no number is used
//     twice.
//  6. A generation is built beside the active one. Activate renames the link: no
//     reader finds half of it, and the one before stays until it is discarded.
//  7. A folder belongs to one pipeline. One with other content is not touched.
//
// Start reading at [Executor.Execute].
package file
