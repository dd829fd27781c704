// Package javascript is the kit for projections in plain JavaScript: a
// projection is a .js file, and [Guest] is the module that runs it.
//
// The guest is an ordinary plugin module, built by guest/build.sh from the
// sources of QuickJS-NG, the C files in guest and the script guest/kit.js. It
// adds one export to those of a projection: refold_load takes the script, before
// the host asks for the manifest (see ABI.md, Scripts). So a script is held by
// the host like any other module: the same gate, fuel for each event, limits,
// snapshots and checks of results. The digest of a projection in JavaScript
// covers the guest and the script.
//
// Invariants:
//
//  1. A script gets no world: no clock, chance, files, network, modules or
//     timers. What would read the clock or roll dice throws, and says what to
//     use in its place; weak references are not there.
//  2. The C files do what costs time for each event: reading the frame, JSON in
//     and out, effects. kit.js has the vocabulary: selectors, handlers,
//     partitions.
//  3. An exception is a verdict on its event, a rejection that names file, line
//     and column. Memory that is out is a trap, for where it runs out depends on
//     the batches before.
//  4. An event is read in the batch while its handler runs; one that the script
//     keeps gets its values then, and in a keyed state it is what its JSON is.
//  5. A keyed state that would not come back from its JSON as it was is
//     refused, so that a fold does not depend on how events are batched.
//  6. guest.wasm is built from what lies in guest: guest/origin.txt has the
//     digests of all files, and a test compares them.
//
// Start reading at guest/kit.js, then guest/guest.c.
package javascript
