package conformance_test

import (
	"os/exec"
	"testing"

	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/manifest"
)

// TestReadmeOfZig builds the guests that the Zig kit's README shows, and folds with
// the first.
func TestReadmeOfZig(t *testing.T) {
	for _, tt := range []struct {
		fence string
		state manifest.State
	}{{"zig", manifest.Keyed}, {"zig resident", manifest.Resident}, {"zig events", manifest.Stateless}} {
		t.Run(tt.fence, func(t *testing.T) {
			t.Parallel()
			m := load(t, conformance.BuildZig(t, "../zig", shown(t, "../zig/README.md", tt.fence, "main.zig")))
			if got := m.plugin.Manifest().State; got != tt.state {
				t.Errorf("the state is %s, want %s", got, tt.state)
			}
			switch tt.state {
			case manifest.Keyed:
				testShownLines(t, m)
			case manifest.Stateless:
				testShownTickets(t, m)
			}
		})
	}
}

// testShownTickets folds typed payloads: one that fits, and one that does not.
func testShownTickets(t *testing.T, m module) {
	assigned := func(data string) framejson.Result {
		return foldDescribed(t, m, framejson.Batch{Types: m.plugin.Manifest().Events, Groups: []framejson.Group{{Events: []framejson.Event{
			{Type: "ticket_assigned", Data: framejson.Text(data)}, {Type: "ticket_closed"},
		}}}})
	}
	got := assigned(`{"by": {}, "team": "a\u0062"}`)
	if len(got.Effects) != 2 || string(got.Effects[0].Body) != `{"team":"ab","hours":null}` || got.Effects[1].Kind != "delete" {
		t.Errorf("effects are %+v", got.Effects)
	}
	got = assigned(`{"team": "a", "hours": "2"}`)
	if want := `ticket_assigned.hours: a number is wanted at byte 23, not '"'`; got.Rejected == nil || string(got.Rejected.Reason) != want {
		t.Errorf("got %+v, want the rejection %s", got.Rejected, want)
	}
}

// TestZig runs the kit's own tests.
func TestZig(t *testing.T) {
	t.Parallel()
	zig := conformance.NeedZig(t)
	cmd := exec.Command(zig, "test", "src/refold.zig", "--cache-dir", t.TempDir())
	cmd.Dir = "../zig"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
