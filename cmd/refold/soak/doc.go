// Package soak holds the engine to what it promises of crashes: a log of accounts is
// folded into SQLite and PostgreSQL, by a projection in the sandbox and by one in a
// process, while the engine is killed, its plugin is, a server is restarted, a disk
// is full. In the end each table has to be what an undisturbed run makes of the same
// log, and what a few lines of Go make of it.
//
// `go test` runs a short form, `make soak` the long one:
//
//	go test ./cmd/refold/soak -events 200000 -kills 200 -v
package soak
