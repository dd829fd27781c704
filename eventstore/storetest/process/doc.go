// Package process runs an event store in a process of its own, so that a test
// can kill it.
//
//   - [Serve] makes the test program that process: it goes first in TestMain.
//   - [Rig] starts, stops and kills it, for storetest.RunCrash.
//
// The store's methods are called over the process's standard input and output,
// so a store, and what it opens, must not write there.
//
// The package never starts another program than the running test. Start reading
// at Rig.Start.
package process
