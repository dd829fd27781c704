// Package storetest is the conformance suite of event stores: it runs the
// contract of package eventstore against an implementation, anybody's.
//
//   - [Run] is the suite. An implementation's test calls it with a function
//     that opens an empty store. [RunLog] is for what is a Log only.
//   - [RunCrash] kills what keeps the log, again and again, under writers, and
//     compares what is left with a model. Its [Rig] says how to start, stop and
//     kill; package process has one for stores that live in a process.
//   - [Features] is what only some implementations promise or allow.
//   - [Verify] checks a log's integrity: positions, versions, ids, and that
//     all ways to read it agree. Every case of the suite ends with it, and any
//     other test that leaves a store behind may.
//
// # To hold a store of your own to the contract
//
// A store that forgets needs one test, with Run; see its example. A store that
// keeps its log needs a second one, with RunCrash: with process.Serve at the
// beginning of TestMain, the test program is also the process that is killed.
//
// Both take random steps on the store and on a model of it, a slice: appends
// with all kinds of expectation, repetitions, imports, reads, and writers,
// importers and followers all at once. What a writer was told must be what the
// log holds: of those that expect one version one wins, the others are told the
// version that they met; what began after an acknowledgement is behind it; an
// append is there whole or not at all. The flags of package rapid repeat a
// failure, -rapid.seed, and take more steps, -rapid.checks; several writers at
// once do not fail the same way each time.
//
// The package uses real stores only and never sleeps to wait for something. Start
// reading at Run, then model and judgement.
package storetest
