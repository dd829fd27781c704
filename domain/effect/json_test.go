package effect_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

func TestJSON(t *testing.T) {
	b := effect.Batch{Pipeline: "stock", Generation: 2}
	cause := effect.Effect{
		Cause: 7, Ordinal: 1, CauseID: uuid.UUID{15: 7}, CorrelationID: uuid.UUID{15: 3},
		CauseTime: time.Date(2026, 1, 31, 10, 30, 0, 5, time.FixedZone("", 3600)),
	}
	const rest = `","pipeline":"stock","generation":2,"position":7,"ordinal":1,` +
		`"causation_id":"00000000-0000-0000-0000-000000000007","correlation_id":"00000000-0000-0000-0000-000000000003",` +
		`"time":"2026-01-31T09:30:00.000000005Z",`
	for _, c := range []struct {
		kind            effect.Kind
		name, key, body string
		want            string
	}{
		{effect.Insert, "items", "", `{"id":"a"}`, `"kind":"insert","name":"items","body":{"id":"a"}}`},
		{effect.Update, "items", "a", "{\n \"n\": 1\n}", `"kind":"update","name":"items","key":"a","body":{"n":1}}`},
		{effect.Delete, "items", `["a","é"]`, "", `"kind":"delete","name":"items","key":"[\"a\",\"é\"]"}`},
		{effect.EmitEvent, "low_stock", "", `{}`, `"kind":"emit_event","name":"low_stock","body":{}}`},
		{effect.Log, "", "", "a\nb\xff", `"kind":"log","level":"debug","message":"a\nb\ufffd"}`},
	} {
		f := cause
		f.Kind, f.Name, f.Key, f.Body = c.kind, c.name, c.key, json.RawMessage(c.body)
		got, err := effect.AppendJSON([]byte("> "), &b, &f)
		if err != nil {
			t.Errorf("%s: %v", c.kind, err)
		}
		want := `> {"id":"` + effect.ID("stock", 2, 7, 1).String() + rest + c.want
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.kind, diff)
		}
	}
}

func TestWhatHasNoJSON(t *testing.T) {
	for want, f := range map[string]effect.Effect{
		"its body must be a JSON object": {Kind: effect.Insert, Body: []byte(`[1]`)},
		"its body is not valid JSON":     {Kind: effect.Update, Body: []byte(`{"a"`)},
		"its body is not valid UTF-8":    {Kind: effect.EmitEvent, Body: []byte("{\"a\":\"\xff\"}")},
		"its name is not valid UTF-8":    {Kind: effect.Delete, Name: "\xff"},
		"its key is not valid UTF-8":     {Kind: effect.Delete, Key: "\xff"},
	} {
		if _, err := effect.AppendJSON(nil, &effect.Batch{}, &f); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestJSONIsOneLineThatSaysAll: whatever the texts, encoding/json reads back what
// the effect says, and a line of JSON Lines is one.
func TestJSONIsOneLineThatSaysAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row, err := json.MarshalIndent(rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "row"), "", rapid.SampledFrom([]string{"", "\t"}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		b := effect.Batch{Pipeline: rapid.String().Draw(t, "pipeline"), Generation: rapid.Uint64().Draw(t, "generation")}
		f := effect.Effect{
			Kind: effect.Update, Cause: event.Position(rapid.Uint64().Draw(t, "cause")), Ordinal: rapid.Uint32().Draw(t, "ordinal"),
			Name: rapid.String().Draw(t, "name"), Key: rapid.String().Draw(t, "key"), Body: row,
		}
		line, err := effect.AppendJSON(nil, &b, &f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(line, "\r\n") {
			t.Fatalf("more than a line: %s", line)
		}
		var got struct {
			ID                  uuid.UUID
			Pipeline, Name, Key string
			Generation          uint64
			Position            event.Position
			Ordinal             uint32
			Body                json.RawMessage
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if got.ID != b.ID(&f) || got.Pipeline != b.Pipeline || got.Generation != b.Generation || got.Position != f.Cause || got.Ordinal != f.Ordinal || got.Name != f.Name || got.Key != f.Key {
			t.Errorf("%+v and %+v are told as %s", b, f, line)
		}
		var was, is any
		if json.Unmarshal(row, &was) != nil || json.Unmarshal(got.Body, &is) != nil || !cmp.Equal(was, is) {
			t.Errorf("the row %s is told as %s", row, got.Body)
		}
	})
}
