package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRun runs the example twice over one folder: the second run finds what the
// first one has left.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{`main.lend: version 1, reader "ada"
main.lend is refused: ada has it
main.takeBack: version 2, reader ""
main.takeBack: version 2, reader ""
main.lend: version 3, reader "zoe"
`, `main.lend is refused: zoe has it
main.lend is refused: zoe has it
main.takeBack: version 4, reader ""
main.takeBack: version 4, reader ""
main.lend: version 5, reader "zoe"
`} {
		var out bytes.Buffer
		if err := run(t.Context(), dir, &out); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
