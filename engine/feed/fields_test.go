package feed

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fastjson"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/manifest"
)

// slotOf is the slot that an event's frame carries for one field.
func slotOf(t testing.TB, data, path string, typ manifest.FieldType) frame.Slot {
	t.Helper()
	m := &manifest.Manifest{State: manifest.Stateless, Fields: []manifest.Field{{Path: path, Type: typ}}}
	_, f := build(t, NewBuilder(m, Selection{}, ""), []event.Recorded{recorded(1, "e", data)}, noState)
	for e := range f.Group(0).Events() {
		return e.Slot(0)
	}
	t.Fatal("the frame has no event")
	return frame.Slot{}
}

// The vectors say what every host makes of a field.
func TestSlotVectors(t *testing.T) {
	text, err := os.ReadFile("../../sdk/testdata/slots.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Data, Path string
		Type       manifest.FieldType
		Slot       framejson.Slot
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) == 0 {
		t.Fatal("there are no vectors")
	}
	for _, v := range vectors {
		t.Run(v.Path+" as "+string(v.Type)+" in "+v.Data, func(t *testing.T) {
			diff(t, "slot", framejson.OfSlot(slotOf(t, v.Data, v.Path, v.Type)), v.Slot)
		})
	}
}

func TestSlotEdges(t *testing.T) {
	for _, c := range []struct {
		name, data, path string
		typ              manifest.FieldType
		kind, value      string
	}{
		{"the last of two", `{"a":1,"a":2}`, "a", manifest.I64, "i64", "2"},
		{"the last of two, null", `{"a":1,"a":null}`, "a", manifest.I64, "null", ""},
		{"the last of two objects", `{"a":{"b":1},"a":{"c":2}}`, "a.b", manifest.I64, "null", ""},
		{"escaped name", `{"\u0061":7}`, "a", manifest.I64, "i64", "7"},
		{"unicode name", `{"größe":7}`, "größe", manifest.I64, "i64", "7"},
		{"descending into null", `{"a":null}`, "a.b", manifest.I64, "null", ""},
		{"descending into a string", `{"a":"b"}`, "a.b", manifest.String, "null", ""},
		{"empty name", `{"":7}`, "", manifest.I64, "i64", "7"},
		{"an integer past 64 bits", `{"a":-9223372036854775809}`, "a", manifest.I64, "f64", "c3e0000000000000"},
		{"an integer of 40 digits", `{"a":1000000000000000000000000000000000000000}`, "a", manifest.I64, "f64", "48078287f49c4a1d"},
		{"minus zero as f64", `{"a":-0}`, "a", manifest.F64, "f64", "8000000000000000"},
		{"a number past f64", `{"a":1e400}`, "a", manifest.F64, "json", "1e400"},
		{"17 digits, correctly rounded", `{"a":0.12345678901234567}`, "a", manifest.F64, "f64", "3fbf9add3746f65e"},
		{"escapes", `{"a":"\"\\\/\b\f\n\r\t\u00e9"}`, "a", manifest.String, "string", "\"\\/\b\f\n\r\té"},
		{"a pair of surrogates", `{"a":"\ud83d\ude00"}`, "a", manifest.String, "string", "😀"},
		{"half a pair", `{"a":"x\ud83dy"}`, "a", manifest.String, "string", "x\uFFFDy"},
		{"not UTF-8", "{\"a\":\"x\xffy\"}", "a", manifest.String, "string", "x\uFFFDy"},
		{"the zero time", `{"a":"0001-01-01T00:00:00Z"}`, "a", manifest.Time, "string", "0001-01-01T00:00:00Z"},
		{"base64 with a line feed", `{"a":"AP9/\ngA=="}`, "a", manifest.Bytes, "string", "AP9/\ngA=="},
		{"base64 with stray bits", `{"a":"AP9/gB=="}`, "a", manifest.Bytes, "string", "AP9/gB=="},
		{"a bool as uuid", `{"a":true}`, "a", manifest.UUID, "bool", "true"},
		{"an object's numbers stay", `{"a":{"b":1.10,"c":"\u00e9"}}`, "a", manifest.String, "json", `{"b":1.10,"c":"\u00e9"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := framejson.Slot{Kind: c.kind, Value: framejson.Text(c.value)}
			diff(t, "slot", framejson.OfSlot(slotOf(t, c.data, c.path, c.typ)), want)
		})
	}
}

// What encoding/json makes of a value, the slot holds.
func TestSlotsAgreeWithEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		integer := rapid.Int64().Draw(t, "integer")
		float := rapid.Float64().Draw(t, "float")
		text := rapid.String().Draw(t, "text")
		data, err := json.Marshal(map[string]any{"i": integer, "f": float, "s": text})
		if err != nil {
			t.Fatal(err)
		}
		payload := fastjson.MustParseBytes(data)
		slot := func(path string, typ manifest.FieldType) frame.Slot {
			s, _ := field{strings.Split(path, "."), typ}.slot(payload, nil)
			return s
		}
		if got, ok := slot("i", manifest.I64).Int64(); !ok || got != integer {
			t.Errorf("integer: %d, %v", got, ok)
		}
		if got, ok := slot("f", manifest.F64).Float64(); !ok || math.Float64bits(got) != math.Float64bits(float) {
			t.Errorf("float: %v, %v", got, ok)
		}
		if got, _ := slot("s", manifest.String).Bytes(); string(got) != strings.ToValidUTF8(text, "\uFFFD") {
			t.Errorf("text: %q", got)
		}
	})
}

// A decimal of any length is rounded as strconv does.
func TestFloatsAreRoundedCorrectly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[1-9][0-9]{0,20}\.[0-9]{1,20}(e-?[1-9][0-9]?)?`).Draw(t, "number")
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Skip("out of range")
		}
		payload := fastjson.MustParse(`{"a":` + text + `}`)
		s, _ := field{[]string{"a"}, manifest.F64}.slot(payload, nil)
		if got, ok := s.Float64(); !ok || got != want {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	})
}

// Whatever bytes pass for a payload, its slots fit the frame, and strings are
// UTF-8.
func FuzzSlot(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}", `{"a":[{"b":nan}]}`, `{"a":"\q"}`, `{"a":1e999}`, `{"a":inf}`, `{"a":-}`} {
		f.Add([]byte(seed))
	}
	types := []manifest.FieldType{manifest.Bool, manifest.I64, manifest.F64, manifest.String, manifest.Bytes, manifest.UUID, manifest.Time}
	m := &manifest.Manifest{State: manifest.Keyed, Key: "a"}
	for _, typ := range types {
		m.Fields = append(m.Fields, manifest.Field{Path: "a", Type: typ})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		batch, err := NewBuilder(m, Selection{}, "").Build([]event.Recorded{recorded(1, "e", string(data))}, noState)
		if err != nil || batch.Frame == nil {
			return
		}
		opened, err := frame.OpenBatch(batch.Frame)
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(batch.Keys[0]) {
			t.Errorf("key %q is not UTF-8", batch.Keys[0])
		}
		for e := range opened.Group(0).Events() {
			for i := range m.Fields {
				s := e.Slot(i)
				if text, _ := s.Bytes(); s.Kind == frame.String && !utf8.Valid(text) {
					t.Errorf("slot %q is not UTF-8", text)
				}
			}
		}
	})
}
