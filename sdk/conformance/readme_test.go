package conformance_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/framejson"
)

// TestReadmeOfC builds the guest that the C kit's README shows, and folds an
// event with it.
func TestReadmeOfC(t *testing.T) {
	text, err := os.ReadFile("../c/README.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("(?s)```c\n(.*?)```").FindSubmatch(text)
	if code == nil {
		t.Fatal("the README shows no guest")
	}
	source := filepath.Join(t.TempDir(), "guest.c")
	if err := os.WriteFile(source, code[1], 0o644); err != nil {
		t.Fatal(err)
	}
	instance := load(t, conformance.BuildC(t, "../c", source)).start(t)
	key := framejson.Text("docs")
	state := framejson.Text(`{"lines":-3}`)
	b := framejson.Batch{SlotsPerEvent: 1, Groups: []framejson.Group{{Key: &key, State: &state, Events: []framejson.Event{
		{Type: "x", Slots: []framejson.Slot{{Kind: "i64", Value: framejson.Text("5")}}},
		{Type: "x", Slots: []framejson.Slot{{Kind: "i64", Value: framejson.Text("-9223372036854775808")}}},
	}}}}
	text, err = b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	got := fold(t, instance, text)
	if want := `{"lines":-9223372036854775806}`; got.Rejected != nil || string(*got.Groups[0].State) != want {
		t.Errorf("got %+v, want the state %s", got, want)
	}
}
