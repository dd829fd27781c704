package event

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestTraceparent(t *testing.T) {
	for metadata, want := range map[string]string{
		``: "", `{}`: "", `null`: "", `{"traceparent":7}`: "", `{"traceparent":`: "", `["traceparent"]`: "",
		`{"a":"traceparent"}`: "", `{"a":{"traceparent":"x"}}`: "",
		`{"a":1,"traceparent":"` + parent + `"}`: parent,
	} {
		e := Event{Metadata: json.RawMessage(metadata)}
		if got := e.Traceparent(); got != want {
			t.Errorf("of %s: %q, want %q", metadata, got, want)
		}
	}
}

// A trace is added to whatever metadata there is, once, and makes no other fact of an
// event.
func TestWithTraceparent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e Event
		if members := rapid.MapOf(rapid.String(), rapid.Int()).Draw(t, "metadata"); rapid.Bool().Draw(t, "has some") {
			delete(members, traceparentKey)
			text, err := json.Marshal(members)
			if err != nil {
				t.Fatal(err)
			}
			e.Metadata = text
		}
		traced := e.WithTraceparent(parent)
		if got := traced.Traceparent(); got != parent {
			t.Fatalf("%s has trace %q", traced.Metadata, got)
		}
		if err := ValidateObject(traced.Metadata); err != nil {
			t.Fatalf("%s: %v", traced.Metadata, err)
		}
		if again := traced.WithTraceparent("other"); string(again.Metadata) != string(traced.Metadata) {
			t.Errorf("twice: %s", again.Metadata)
		}
		if field := Differs(&e, &traced); field != "" && string(e.Metadata) != "{}" {
			t.Errorf("%s and %s differ in %s", e.Metadata, traced.Metadata, field)
		}
		other := traced
		other.Metadata = json.RawMessage(`{"traceparent":"x","more":true}`)
		if field := Differs(&traced, &other); field != "metadata" && len(e.Metadata) < 8 {
			t.Errorf("%s and %s differ in %q", traced.Metadata, other.Metadata, field)
		}
	})
	if broken := (Event{Metadata: json.RawMessage(`[1]`)}).WithTraceparent(parent); string(broken.Metadata) != `[1]` {
		t.Errorf("an array became %s", broken.Metadata)
	}
}
