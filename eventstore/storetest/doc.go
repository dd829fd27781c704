// Package storetest is the conformance suite of event stores: it runs the
// contract of package eventstore against an implementation.
//
//   - [Run] is the suite. An implementation's test calls it with a function
//     that opens an empty store. [RunLog] is for what is a Log only.
//   - [Verify] checks a log's integrity: positions, versions, ids, and that
//     all ways to read it agree. Every case of the suite ends with it, and any
//     other test that leaves a store behind may.
//
// It uses real stores only and never sleeps to wait for something. Start
// reading at Run.
package storetest
