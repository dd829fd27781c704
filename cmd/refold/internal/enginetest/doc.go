// Package enginetest drives the command refold as an operator does: by processes,
// over a data directory, with a signal or a kill at the end. The command is the one
// that the PATH has.
package enginetest
