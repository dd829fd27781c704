// Package quiet keeps rapid from listening to the environment of a program that is
// no test. rapid reads RAPID_CHECKS and the like when it is initialised, before any
// code of ours runs, and panics at one that it cannot read: whatever the program was
// started for.
//
// Invariant: this package is initialised before rapid. Of packages that are ready,
// Go initialises the one first whose import path sorts first (as the language's
// specification has it since Go 1.21), and this one's does, and needs nothing that
// rapid does not need.
package quiet

import (
	"os"
	"strings"
	"testing"
)

func init() {
	if testing.Testing() {
		return // whose author may mean it
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "RAPID_") {
			_ = os.Unsetenv(name) // which fails of no name that is there
		}
	}
}
