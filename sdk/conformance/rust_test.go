package conformance_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/manifest"
)

// TestReadmeOfRust builds the guests that the Rust kit's README shows, and folds
// with the first.
func TestReadmeOfRust(t *testing.T) {
	for _, tt := range []struct {
		fence string
		state manifest.State
	}{{"rust", manifest.Keyed}, {"rust,resident", manifest.Resident}, {"rust,events", manifest.Stateless}} {
		t.Run(tt.fence, func(t *testing.T) {
			t.Parallel()
			m := load(t, conformance.BuildRust(t, "../rust", shown(t, "../rust/README.md", tt.fence, "lib.rs")))
			if got := m.plugin.Manifest().State; got != tt.state {
				t.Errorf("the state is %s, want %s", got, tt.state)
			}
			if tt.state == manifest.Keyed {
				testShownLines(t, m)
			}
		})
	}
}

// shown writes the code between a fence of a README and its end to a file.
func shown(t *testing.T, readme, fence, name string) string {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("(?s)```" + fence + "\n(.*?)```").FindSubmatch(text)
	if code == nil {
		t.Fatal("the README shows no guest")
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, code[1], 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// testShownLines folds with the projection that READMEs show, which sums lines.
func testShownLines(t *testing.T, m module) {
	key, state := framejson.Text("docs"), framejson.Text(`{"lines":-3}`)
	number := func(text string) framejson.Event {
		return framejson.Event{Type: "file_added", Slots: []framejson.Slot{{Kind: "i64", Value: framejson.Text(text)}}}
	}
	b := framejson.Batch{Types: m.plugin.Manifest().Events, SlotsPerEvent: 1, Groups: []framejson.Group{{
		Key: &key, State: &state, Events: []framejson.Event{number("5"), number("-9223372036854775808")},
	}}}
	got := foldDescribed(t, m, b)
	if want := `{"lines":-9223372036854775806}`; got.Rejected != nil || string(*got.Groups[0].State) != want {
		t.Errorf("got %+v, want the state %s", got, want)
	}
	if want := `{"dir":"docs","lines":2}`; len(got.Effects) != 2 || string(got.Effects[0].Body) != want {
		t.Errorf("effects are %+v, want a row %s", got.Effects, want)
	}
	b.Groups[0].Events[1].Slots[0] = framejson.Slot{Kind: "string", Value: framejson.Text("5")}
	if got := foldDescribed(t, m, b); got.Rejected == nil || !strings.Contains(string(got.Rejected.Reason), "additions") {
		t.Errorf("got %+v, want a rejection that names the field", got)
	}
	broken := framejson.Text(`{"lines":"x"}`)
	b.Groups[0].State = &broken
	if got := foldDescribed(t, m, b); got.Rejected == nil || !strings.Contains(string(got.Rejected.Reason), "lines") {
		t.Errorf("got %+v, want a rejection that names the state's field", got)
	}
}

func foldDescribed(t *testing.T, m module, b framejson.Batch) framejson.Result {
	t.Helper()
	text, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	return fold(t, m.start(t), text)
}

// TestCargo runs the kit's own tests, where cargo is.
func TestCargo(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("cargo"); err != nil {
		t.Skip("SKIPPED: cargo is not installed, so the Rust kit's own tests do not run")
	}
	cmd := exec.Command("cargo", "test", "--offline", "--quiet", "--target-dir", t.TempDir())
	cmd.Dir = "../rust"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
