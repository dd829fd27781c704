package refold

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/sdk/framejson"
)

// TestFields reads each field from a slot of each kind. It declares fields in
// the module's registry, as guests do.
func TestFields(t *testing.T) {
	b, s, f, i := BoolField("b"), StringField("s"), FloatField("f"), IntField("i")
	y, u, w := BytesField("y"), UUIDField("u"), TimeField("w")
	if again := IntField("i"); again.index != i.index {
		t.Error("a field declared twice has two slots")
	}
	type row struct {
		B bool
		S string
		F float64
		I int64
		Y []byte
		U UUID
		W time.Time
	}
	var got []row
	var needs []string
	g := &Guest{projection: Resident{Fold: func(e Event, _ *Effects) error {
		needs = append(needs, errorsOf(b, e)+errorsOf(s, e)+errorsOf(f, e)+errorsOf(i, e)+errorsOf(y, e)+errorsOf(u, e)+errorsOf(w, e))
		got = append(got, row{b.Of(e), s.Of(e), f.Of(e), i.Of(e), y.Of(e), u.Of(e), w.Of(e)})
		return nil
	}}}
	id := "00ff7f80-0000-4000-8000-00000000000a"
	slots := func(kinds ...framejson.Slot) framejson.Event { return framejson.Event{Type: "x", Slots: kinds} }
	batch := framejson.Batch{SlotsPerEvent: 7, Groups: []framejson.Group{{Events: []framejson.Event{
		slots(
			framejson.Slot{Kind: "bool", Value: framejson.Text("true")}, framejson.Slot{Kind: "string", Value: framejson.Text("größe")},
			framejson.Slot{Kind: "f64", Value: framejson.Text("3ff8000000000000")}, framejson.Slot{Kind: "i64", Value: framejson.Text("-7")},
			framejson.Slot{Kind: "bytes", Value: framejson.Text("00ff")}, framejson.Slot{Kind: "uuid", Value: framejson.Text(id)},
			framejson.Slot{Kind: "time", Value: framejson.Text("1700000000000000001")},
		),
		slots(
			framejson.Slot{Kind: "string", Value: framejson.Text("true")}, framejson.Slot{Kind: "json", Value: framejson.Text("[]")},
			framejson.Slot{Kind: "i64", Value: framejson.Text("3")}, framejson.Slot{Kind: "f64", Value: framejson.Text("3ff8000000000000")},
			framejson.Slot{Kind: "string", Value: framejson.Text("AA==")}, framejson.Slot{Kind: "string", Value: framejson.Text(id)},
			framejson.Slot{Kind: "i64", Value: framejson.Text("5")},
		),
		{Type: "x"},
	}}}}
	text, err := batch.Frame()
	if err != nil {
		t.Fatal(err)
	}
	g.Fold(text)
	want := []row{
		{true, "größe", 1.5, -7, []byte{0, 255}, UUID{0, 0xff, 0x7f, 0x80, 0, 0, 0x40, 0, 0x80, 15: 10}, time.Unix(1700000000, 1).UTC()},
		{F: 3},
		{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantNeeds := []string{"",
		"b is string, not bool; s is an object or array, not string; i is f64, not i64; y is string, not bytes; u is string, not uuid; w is i64, not time; ",
		"b is missing, not bool; s is missing, not string; f is missing, not f64; i is missing, not i64; y is missing, not bytes; u is missing, not uuid; w is missing, not time; "}
	if diff := cmp.Diff(wantNeeds, needs); diff != "" {
		t.Error(diff)
	}
	defer func() {
		if recover() == nil {
			t.Error("a field declared with two types is accepted")
		}
	}()
	StringField("i")
}

// errorsOf is what Need has against a field.
func errorsOf[T any](f Field[T], e Event) string {
	_, err := f.Need(e)
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "the field ") + "; "
}
