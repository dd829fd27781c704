// Package acceptance does what the guides say on a real system: a release is made and
// unpacked, a Debian is booted in which systemd runs it, an image is built and run in
// Docker. It takes the lines out of the guides, in their order, and then looks whether
// what the guides claim holds.
//
// Its tests need root, programs that a machine may not have, and the network, so they
// have a build tag, which `make acceptance` sets; what is missing they name, and fail.
// `make test` vets them.
//
// Invariants:
//
//  1. A line that is run stands in a guide, and each line of a section that is taken is
//     run, whatever it is.
//  2. Nothing outlives a test but Debian's root in the user's cache folder, what the Go
//     toolchain caches, and what Docker keeps of a build. What is there already, such as
//     a container called refold, is not touched.
//  3. The machine ends after ten minutes, even if the test has been killed.
//
// Start at systemd_test.go.
package acceptance
