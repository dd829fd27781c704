// Package refold is the kit for projections in Go, built for WASM by the
// standard toolchain:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o name.wasm .
//
// The source keeps to what TinyGo takes, too: README.md says what is tested of that.
//
// A guest is a package main that registers one projection from init and has an
// empty main:
//
//   - [Stateless], [Resident] and [Keyed] are the kinds of projection.
//   - [StringField] and its siblings declare payload fields, which the host
//     decodes; so most guests parse no JSON.
//   - [Event] is what a fold reads, [Effects] what it asks for, [Object] a
//     writer of JSON objects without reflection.
//
// Invariants:
//
//  1. A module holds one projection.
//  2. A fold's error rejects the event: nothing of the batch counts. A panic
//     goes to the plugin's log and ends the instance.
//  3. What an [Event] returns as bytes is valid until Fold returns; strings and
//     values are the guest's to keep.
//
// A fold must give the same output for the same input: it has no clock and no
// randomness, and must not let the order of a map's iteration reach an effect,
// a state or an answer. json.Marshal sorts maps.
//
// The package also compiles natively, and package refoldtest runs the
// registered projection there, so that a fold is tested by plain go test. Start
// reading at projection.go.
package refold
