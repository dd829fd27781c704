package refoldtest

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/manifest"
)

func TestSlotVectors(t *testing.T) {
	text, err := os.ReadFile("../../testdata/slots.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Data, Path string
		Type       manifest.FieldType
		Slot       framejson.Slot
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) == 0 {
		t.Fatalf("%d vectors, error %v", len(vectors), err)
	}
	for _, v := range vectors {
		got := framejson.OfSlot(decodeSlot(lookUp(json.RawMessage(v.Data), v.Path), v.Type))
		if diff := cmp.Diff(v.Slot, got); diff != "" {
			t.Errorf("%s of %s as %s:\n%s", v.Path, v.Data, v.Type, diff)
		}
	}
}

func TestKeyText(t *testing.T) {
	for value, want := range map[string]string{
		`"größe"`: "größe", `""`: "", `7`: "7", `-0.50`: "-0.50", `true`: "true",
	} {
		if got, ok, err := keyText(json.RawMessage(value)); got != want || !ok || err != nil {
			t.Errorf("key of %s = %q, %v, %v", value, got, ok, err)
		}
	}
	for _, value := range []string{``, `null`} {
		if _, ok, err := keyText(json.RawMessage(value)); ok || err != nil {
			t.Errorf("key of %q: %v, %v; want none", value, ok, err)
		}
	}
	for _, value := range []string{`{}`, `[1]`} {
		if _, _, err := keyText(json.RawMessage(value)); err == nil {
			t.Errorf("%s is a key", value)
		}
	}
}
