// Package reservation is the aggregate by which a hostname is one resource's
// alone: one aggregate per name, whatever its case.
//
//   - [Claim] says who wants the name, and holds all that is needed to finish the
//     registration that it is for.
//   - [Take] and [Give] are its commands, hostname_claimed and hostname_released
//     its events, [State] is who has it.
//   - [ID] is the aggregate of a name.
//
// Invariants:
//
//  1. A name has one holder or none.
//  2. A claim on a name that is held is refused, unless whoever claims has seen
//     that the holder is done with it and names it.
//  3. Taking what one has, and giving what one has not, yield no events.
//
// The package does not know what a resource's log says: package
// eventstore/resources looks, and says there how the two go together. Start
// reading at reservation.go.
package reservation
