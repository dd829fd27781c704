package conformance_test

import (
	"testing"

	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/manifest"
)

// TestReadmeOfAssemblyScript builds the guests that the kit's README shows, and
// folds with the first. That optimising them changes nothing is left to the mirror:
// it takes longer than all else.
func TestReadmeOfAssemblyScript(t *testing.T) {
	for _, tt := range []struct {
		fence string
		state manifest.State
	}{{"ts", manifest.Keyed}, {"ts resident", manifest.Resident}, {"ts stateless", manifest.Stateless}} {
		t.Run(tt.fence, func(t *testing.T) {
			t.Parallel()
			source := shown(t, "../assemblyscript/README.md", tt.fence, "guest.ts")
			m := load(t, conformance.BuildAssemblyScript(t, "../assemblyscript", source, "--optimizeLevel", "0"))
			if got := m.plugin.Manifest().State; got != tt.state {
				t.Errorf("the state is %s, want %s", got, tt.state)
			}
			if tt.state == manifest.Keyed {
				testShownLines(t, m)
			}
		})
	}
}
