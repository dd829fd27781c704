// Package resources carries out commands on compute resources: load → decide →
// append, with what has to be right besides.
//
//   - [Service] has a method for each of the 12 commands, and Get and Exists.
//   - [Outcome] is what a command led to, warnings included.
//   - [Options] may ask for unique hostnames.
//
// # Once
//
// A command's id is its EventID: the event that follows from it has that id. A
// command that is repeated is carried out once, and gives the same Outcome, with
// Repeated set: however much later, after an answer that was lost, from another
// process, at the same time. Only content counts: the repetition may have
// another time, correlation and cause. Another command with the same id is a
// *repository.ReusedIDError. A resource's id is made from the id of the command
// that registers it, by [ResourceID].
//
// # Unique hostnames
//
// A store appends to one aggregate at a time, so "nobody else has the name" and
// "the resource is registered" cannot be one append. The name is an aggregate of
// its own (package reservation), and a registration is two appends:
//
//  1. the claim, to the name's aggregate, at the version at which it was seen to
//     be free;
//  2. the registration, to the resource's aggregate.
//
// The claim is the decision: of several, the store takes one. It holds all of
// the registration command, so that whoever meets a claim whose resource is not
// registered can finish it, and does: it appends the very event that the
// claimant would have, with the same id. So a process that dies between the two
// appends leaves neither a name that is lost nor a claim whose age somebody has
// to guess: the next one who wants the name finishes the registration and is
// refused; the claimant who comes back finds itself registered. No clock is
// asked, and no claim is ever taken away from a resource that may yet be
// registered.
//
// A name is free again when its resource is decommissioned, which is final. The
// decommission releases it by a third append. If that is not made, the next
// claimant sees that the holder is decommissioned and takes its place.
//
// Why no two resources that are in use have one name: let both have claimed it,
// and the later claim have been granted while the earlier one was held. Then its
// author has seen the earlier resource registered and decommissioned, or under
// another name (by two commands with one id); neither is ever undone.
//
// Names are compared without regard to case. Uniqueness is among the resources
// that were registered with it: a name that was given out without it, or by an
// import, is not known to be taken. A registration that was carried out without it
// and is repeated with it claims the name then, as long as the resource is in use;
// if another resource has it by then, that is an [UnclaimedError], and both stay
// as they are.
//
// # Invariants
//
//  1. An accepted command is one event of its resource, at the version that it
//     was decided on. What is refused appends nothing to the resource.
//  2. A repeated command appends nothing to its resource and has the first one's
//     outcome.
//  3. With unique hostnames, of all registrations of a name one at most is in
//     use; a name whose holder is decommissioned can be registered.
//  4. A registration that its own rules refuse claims no name.
//
// The package reads no clock and draws no ids: times and ids are the commands'.
// Start reading at Service, then register.go.
package resources
