//go:build acceptance

package acceptance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestZigByItself: a guest is compiled by the line that the kit's guide shows, which the
// zig that `make tools` installs is too old for.
func TestZigByItself(t *testing.T) {
	needs(t, "zig")
	bin, err := filepath.Abs(filepath.Join(repository, "bin"))
	if err != nil {
		t.Fatal(err)
	}
	s := &shell{t: t, dir: t.TempDir(), env: []string{"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH")}}
	block := strings.Join(lines(t, "sdk/zig/README.md", "The kit for Zig"), "\n")
	s.run("set -e\n" + strings.Replace(block, "\nzig ", "\nrm orders.wasm\nzig ", 1)) // which the line before has built
	s.prints("refold plugin inspect orders/orders.wasm", `(?m)^projection +orders `)
}
