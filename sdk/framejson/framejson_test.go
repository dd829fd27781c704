package framejson

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTextSurvivesJSON(t *testing.T) {
	for in, want := range map[string]string{
		"":           `""`,
		"größe\x00":  `"größe\u0000"`,
		"\xff\x00":   `{"hex":"ff00"}`,
		`{"hex":""}`: `"{\"hex\":\"\"}"`,
	} {
		out, err := json.Marshal(Text(in))
		if err != nil || string(out) != want {
			t.Errorf("%q as JSON is %s, %v; want %s", in, out, err, want)
		}
		var back Text
		if err := json.Unmarshal(out, &back); err != nil || string(back) != in {
			t.Errorf("%q came back as %q, %v", in, back, err)
		}
	}
}

func TestTextRefusesOtherJSON(t *testing.T) {
	for _, in := range []string{`7`, `{"hex":"0"}`, `{"hex":"zz"}`, `[1]`} {
		var text Text
		if err := json.Unmarshal([]byte(in), &text); err == nil {
			t.Errorf("%s is read as %q", in, text)
		}
	}
}

func TestFrameRefusesUnknownWords(t *testing.T) {
	key := Text("k")
	slot := func(kind, value string) Batch {
		return Batch{SlotsPerEvent: 1, Groups: []Group{{Key: &key, Events: []Event{{Slots: []Slot{{kind, Text(value)}}}}}}}
	}
	for name, said := range map[string]interface{ Frame() ([]byte, error) }{
		"kind":        slot("integer", "1"),
		"bool":        slot("bool", "yes"),
		"i64":         slot("i64", "1.5"),
		"f64":         slot("f64", "1.5"),
		"bytes":       slot("bytes", "f"),
		"uuid":        slot("uuid", "no"),
		"time":        slot("time", "noon"),
		"disposition": Result{Groups: []GroupResult{{Disposition: "delete"}}},
		"no state":    Result{Groups: []GroupResult{{Disposition: "set"}}},
		"effect":      Result{Effects: []Effect{{Kind: "upsert"}}},
	} {
		if b, err := said.Frame(); err == nil {
			t.Errorf("%s: a frame of %d bytes is made", name, len(b))
		}
	}
}

func TestKeptGroupIsLeftOut(t *testing.T) {
	kept, err := Result{Groups: []GroupResult{{Group: 3, Disposition: "keep"}}}.Frame()
	if err != nil {
		t.Fatal(err)
	}
	none, err := Result{}.Frame()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(none, kept); diff != "" {
		t.Error(diff)
	}
}
