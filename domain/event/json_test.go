package event_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
)

const line = `{"id":"00000001-0000-7000-8000-000000000001","aggregate_type":"file","aggregate_id":"00000002-0000-7000-8000-000000000001",` +
	`"type":"file_added","time":"2021-01-12T19:41:04+01:00","correlation_id":"00000003-0000-7000-8000-000000000001","causation_id":null,"data":{"dir":"docs"}}`

func TestParseJSON(t *testing.T) {
	got, err := event.ParseJSON([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	want := event.Event{
		ID:            uuid.MustParse("00000001-0000-7000-8000-000000000001"),
		Aggregate:     event.Aggregate{Type: "file", ID: uuid.MustParse("00000002-0000-7000-8000-000000000001")},
		Type:          "file_added",
		SchemaVersion: 1,
		Time:          time.Date(2021, 1, 12, 18, 41, 4, 0, time.UTC),
		CorrelationID: uuid.MustParse("00000003-0000-7000-8000-000000000001"),
		Data:          json.RawMessage(`{"dir":"docs"}`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestParseJSONRefuses replaces one piece of a good line by a bad one.
func TestParseJSONRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, new, field, reason string }{
		{"no id", `"id":"00000001-0000-7000-8000-000000000001",`, ``, "id", "is missing"},
		{"nil id", `"id":"00000001-0000-7000-8000-000000000001"`, `"id":"00000000-0000-0000-0000-000000000000"`, "id", "nil UUID"},
		{"id in braces", `"id":"00000001-0000-7000-8000-000000000001"`, `"id":"{00000001-0000-7000-8000-000000000001}"`, "id", "36-character"},
		{"id of another type", `"id":"00000001-0000-7000-8000-000000000001"`, `"id":7`, "id", "must not be a JSON number"},
		{"no aggregate type", `"aggregate_type":"file",`, ``, "aggregate_type", "is missing"},
		{"a dot in a type", `"file_added"`, `"file.added"`, "type", `did you mean "file_added"?`},
		{"PascalCase", `"file_added"`, `"FileAdded"`, "type", `did you mean "file_added"?`},
		{"empty type", `"file_added"`, `""`, "type", "must not be empty"},
		{"long type", `"file_added"`, `"` + strings.Repeat("a", 129) + `"`, "type", "at most 128"},
		{"no such time", `2021-01-12T19:41:04+01:00`, `yesterday`, "time", "RFC 3339"},
		{"time out of range", `2021-01-12T19:41:04+01:00`, `2300-01-12T19:41:04Z`, "time", "1678"},
		{"schema version 0", `"causation_id":null`, `"causation_id":null,"schema_version":0`, "schema_version", "1 or more"},
		{"negative schema version", `"causation_id":null`, `"causation_id":null,"schema_version":-1`, "schema_version", "number"},
		{"causation is no id", `"causation_id":null`, `"causation_id":"x"`, "causation_id", "UUID"},
		{"no data", `,"data":{"dir":"docs"}`, ``, "data", "is missing"},
		{"data is null", `{"dir":"docs"}`, `null`, "data", "JSON object"},
		{"data is a list", `{"dir":"docs"}`, `[1]`, "data", "JSON object"},
		{"data is not UTF-8", `{"dir":"docs"}`, "{\"dir\":\"\xff\"}", "data", "not valid UTF-8"},
		{"metadata is a text", `"causation_id":null`, `"causation_id":null,"metadata":"x"`, "metadata", "JSON object"},
		{"unknown field", `"causation_id":null`, `"causation_id":null,"version":3`, "version", "not a field"},
		{"two values", `"docs"}}`, `"docs"}} {}`, "", "more than one JSON value"},
		{"cut off", `"docs"}}`, `"do`, "", "ends too early"},
		{"no object", line, `[]`, "", "must be a JSON object"},
		{"no JSON", line, `id=7`, "", "not valid JSON at byte 1"},
		{"nothing", line, ``, "", "ends too early"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := event.ParseJSON([]byte(strings.Replace(line, c.old, c.new, 1)))
			if err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Fatalf("error is %v, want one with %q", err, c.reason)
			}
			var field *event.FieldError
			if errors.As(err, &field) != (c.field != "") || field != nil && field.Field != c.field {
				t.Errorf("error %v blames field %v, want %q", err, field, c.field)
			}
		})
	}
}

// TestJSONRoundTrip: what AppendJSON writes is one line, and ParseJSON reads the
// same event from it.
func TestJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawEvent(t)
		text := event.AppendJSON(nil, &want)
		if strings.ContainsAny(string(text), "\r\n") {
			t.Fatalf("the line has a line end: %q", text)
		}
		got, err := event.ParseJSON(text)
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func drawEvent(t *rapid.T) event.Event {
	name := rapid.StringMatching(`[a-z_][a-z0-9_]{0,20}`)
	object := rapid.Custom(func(t *rapid.T) json.RawMessage {
		text, err := json.Marshal(rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "object"))
		if err != nil || string(text) == "null" {
			return json.RawMessage(`{}`)
		}
		return text
	})
	e := event.Event{
		ID:            drawID(t, "id"),
		Aggregate:     event.Aggregate{Type: name.Draw(t, "aggregate type"), ID: drawID(t, "aggregate id")},
		Type:          name.Draw(t, "type"),
		SchemaVersion: rapid.Uint32Min(1).Draw(t, "schema version"),
		Time:          time.Unix(0, rapid.Int64Range(-9_000_000_000_000_000_000, 9_000_000_000_000_000_000).Draw(t, "time")).UTC(),
		CorrelationID: drawID(t, "correlation id"),
		Data:          object.Draw(t, "data"),
	}
	if rapid.Bool().Draw(t, "caused") {
		e.CausationID = uuid.NullUUID{UUID: drawID(t, "causation id"), Valid: true}
	}
	if rapid.Bool().Draw(t, "has metadata") {
		e.Metadata = object.Draw(t, "metadata")
	}
	return e
}

func drawID(t *rapid.T, label string) uuid.UUID {
	id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label))
	id[15] |= 1 // never the nil UUID
	return id
}

// TestAppendJSONKeepsToOneLine: JSON may be written over several lines.
func TestAppendJSONKeepsToOneLine(t *testing.T) {
	e, err := event.ParseJSON([]byte(strings.Replace(line, `{"dir":"docs"}`, "{\r\n  \"dir\": \"a\\nb\"\n}", 1)))
	if err != nil {
		t.Fatal(err)
	}
	text := event.AppendJSON([]byte("x"), &e)
	if !strings.HasPrefix(string(text), `x{"id":`) || !strings.Contains(string(text), `"data":{"dir":"a\nb"}`) {
		t.Errorf("got %s", text)
	}
}

// FuzzParseJSON: no panic, and what is accepted is valid and survives a round
// trip.
func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(line))
	f.Add([]byte(strings.Replace(line, `null`, `"00000003-0000-7000-8000-000000000001","metadata":{"a":1}`, 1)))
	f.Add([]byte(`{"data":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := event.ParseJSON(text)
		if err != nil {
			return
		}
		if err := e.Validate(); err != nil {
			t.Fatalf("accepted, but %v: %q", err, text)
		}
		once := event.AppendJSON(nil, &e)
		again, err := event.ParseJSON(once)
		if err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
		if twice := event.AppendJSON(nil, &again); string(once) != string(twice) {
			t.Fatalf("written as %q, then as %q", once, twice)
		}
		again.Data, e.Data, again.Metadata, e.Metadata = nil, nil, nil, nil // white space may differ
		if diff := cmp.Diff(e, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
