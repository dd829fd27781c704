package conformance_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/language"
	"github.com/refold-dev/refold/sdk/manifest"
	"github.com/refold-dev/refold/sdk/scaffold"
	"github.com/refold-dev/refold/sdk/toolchain"
)

// TestReadmeOfGo builds the guests that the Go kit's README shows, each as a project
// of its own, and folds with them.
func TestReadmeOfGo(t *testing.T) {
	for _, tt := range []struct {
		fence string
		state manifest.State
	}{{"go", manifest.Keyed}, {"go resident", manifest.Resident}, {"go events", manifest.Stateless}} {
		t.Run(tt.fence, func(t *testing.T) {
			t.Parallel()
			m := load(t, buildShownGo(t, tt.fence))
			if got := m.plugin.Manifest().State; got != tt.state {
				t.Errorf("the state is %s, want %s", got, tt.state)
			}
			switch tt.state {
			case manifest.Keyed:
				testShownLines(t, m)
			case manifest.Stateless:
				b := framejson.Batch{Types: m.plugin.Manifest().Events, Groups: []framejson.Group{{Events: []framejson.Event{
					{Type: "ticket_assigned", Data: framejson.Text(`{"team": "a", "hours": 2}`)}, {Type: "ticket_closed"},
				}}}}
				if got := foldDescribed(t, m, b); len(got.Effects) != 2 || string(got.Effects[0].Body) != `{"team":"a","hours":2}` {
					t.Errorf("effects are %+v", got.Effects)
				}
			}
		})
	}
}

func buildShownGo(t *testing.T, fence string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shown")
	if _, err := scaffold.New(dir, language.Go); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(shown(t, "../go/README.md", fence, "main.go"), filepath.Join(dir, "main.go")); err != nil {
		t.Fatal(err)
	}
	built, err := toolchain.Build(t.Context(), toolchain.Options{Dir: dir, Output: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	return built.Path
}
