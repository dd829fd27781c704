package jetstream

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
)

var testSubjects = subjects{"infrastructure"}

func anyUUID(t *rapid.T, label string) uuid.UUID {
	id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label))
	id[0] |= 1 // never the nil UUID
	return id
}

func anyObject(t *rapid.T, label string) json.RawMessage {
	m := rapid.MapOf(rapid.String(), rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.SliceOf(rapid.Int()), func(l []int) any { return l }),
		rapid.Just[any](nil), rapid.Just[any](true),
		rapid.Just[any](map[string]any{"version": 3, "metadata": map[string]any{}}),
	)).Draw(t, label)
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "indented") {
		raw = []byte(strings.ReplaceAll(string(raw), ":", ": "))
	}
	return raw
}

func anyEvent(t *rapid.T) event.Event {
	name := rapid.StringMatching(`[a-z_][a-z0-9_]{0,20}`)
	e := event.Event{
		ID:            anyUUID(t, "id"),
		Aggregate:     event.Aggregate{Type: name.Draw(t, "aggregate type"), ID: anyUUID(t, "aggregate")},
		Type:          name.Draw(t, "type"),
		SchemaVersion: rapid.Uint32Min(1).Draw(t, "schema version"),
		Time:          time.Unix(rapid.Int64Range(-9_214_560_000, 9_214_646_399).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC(),
		CorrelationID: anyUUID(t, "correlation"),
		Data:          anyObject(t, "data"),
	}
	if rapid.Bool().Draw(t, "caused") {
		e.CausationID = uuid.NullUUID{UUID: anyUUID(t, "causation"), Valid: true}
	}
	if rapid.Bool().Draw(t, "annotated") {
		e.Metadata = anyObject(t, "metadata")
	}
	return e
}

func canonical(d *decoder, body []byte) (r event.Recorded, ok bool) {
	ok = d.decodeCanonical(body, &r)
	return r, ok
}

func decoded(d *decoder, subject string, body []byte) (r event.Recorded, err error) {
	err = d.decode(subject, body, &r)
	return r, err
}

// TestCodecRoundTrip holds that what encode writes is read back, by the fast
// path and by the general one alike, also in another layout.
func TestCodecRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		if e.Validate() != nil {
			t.Skip("strings with broken escapes")
		}
		want := event.Recorded{Event: e, Version: event.Version(rapid.Uint64Range(1, 1<<62).Draw(t, "version"))}
		body := encode(nil, &e, want.Version)
		fast, ok := canonical(newDecoder(testSubjects), body)
		if diff := cmp.Diff(want, fast); !ok || diff != "" {
			t.Fatalf("fast path on %s: %v\n%s", body, ok, diff)
		}
		slow, err := decodeAny(body)
		if diff := cmp.Diff(want, slow); err != nil || diff != "" {
			t.Fatalf("general path on %s: %v\n%s", body, err, diff)
		}
		relaid := relay(t, body)
		other, err := decoded(newDecoder(testSubjects), testSubjects.event(&e), relaid)
		if err != nil || other.Version != want.Version || other.ID != e.ID || !other.Time.Equal(e.Time) {
			t.Fatalf("decoding %s: %+v, %v", relaid, other, err)
		}
	})
}

// relay writes a body in another order, indented.
func relay(t *rapid.T, body []byte) []byte {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(fields, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const goodBody = `{"id":"6f9619ff-8b86-4011-b42d-00cf4fc964ff","aggregate_type":"compute","aggregate_id":"6f9619ff-8b86-4011-b42d-00cf4fc964f0","type":"done","schema_version":1,"time":"2026-01-01T00:00:00Z","correlation_id":"6f9619ff-8b86-4011-b42d-00cf4fc964f1","causation_id":null,"data":{"a":1},"version":7}`

const goodSubject = "infrastructure.compute.6f9619ff-8b86-4011-b42d-00cf4fc964f0.done"

func TestDecodeRefuses(t *testing.T) {
	swap := func(old, new string) string { return strings.Replace(goodBody, old, new, 1) }
	cases := map[string]struct{ subject, body, reason string }{
		"nothing":           {goodSubject, ``, "no JSON object"},
		"an array":          {goodSubject, `[1]`, "no JSON object"},
		"no version":        {goodSubject, swap(`,"version":7`, ``), `"version": is missing`},
		"version 0":         {goodSubject, swap(`:7}`, `:0}`), `"version": must be`},
		"version -1":        {goodSubject, swap(`:7}`, `:-1}`), `"version": must be`},
		"version in text":   {goodSubject, swap(`:7}`, `:"7"}`), `"version": must be`},
		"huge version":      {goodSubject, swap(`:7}`, `:99999999999999999999}`), `"version": must be`},
		"unknown field":     {goodSubject, swap(`"data"`, `"extra":1,"data"`), `"extra"`},
		"data is no object": {goodSubject, swap(`{"a":1}`, `"a"`), `"data": must be a JSON object`},
		"data is broken":    {goodSubject, swap(`{"a":1}`, `{"a":01}`), `no JSON object`},
		"schema version 0":  {goodSubject, swap(`_version":1`, `_version":0`), `"schema_version"`},
		"nil id":            {goodSubject, swap(`6f9619ff-8b86-4011-b42d-00cf4fc964ff`, uuid.Nil.String()), `"id"`},
		"year 1500":         {goodSubject, swap(`2026-`, `1500-`), `"time"`},
		"trailing bytes":    {goodSubject, goodBody + `x`, "no JSON object"},
		"other type":        {strings.Replace(goodSubject, "done", "gone", 1), goodBody, "not the event's own"},
		"other aggregate":   {strings.Replace(goodSubject, "f0.", "f9.", 1), goodBody, "not the event's own"},
		"other kind":        {strings.Replace(goodSubject, "compute", "network", 1), goodBody, "not the event's own"},
		"other prefix":      {"x" + goodSubject, goodBody, "not the event's own"},
		"short subject":     {"infrastructure.compute", goodBody, "not the event's own"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r, err := decoded(newDecoder(testSubjects), c.subject, []byte(c.body))
			if err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Fatalf("decoded to %+v, error %v, want %q", r, err, c.reason)
			}
		})
	}
	if _, err := decoded(newDecoder(testSubjects), goodSubject, []byte(goodBody)); err != nil {
		t.Fatalf("the body that the cases start from: %v", err)
	}
}

// FuzzDecode holds that the fast path never accepts what the general one does
// not, and that both agree on what they accept.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(goodBody))
	f.Add([]byte(strings.Replace(goodBody, `{"a":1}`, `{"a":[1e9,-0.5,"\u00e9\n"],"b":{}},"metadata":{"x":null}`, 1)))
	f.Add([]byte(strings.Replace(goodBody, `null`, `"6f9619ff-8b86-4011-b42d-00cf4fc964f3"`, 1)))
	f.Fuzz(func(t *testing.T, body []byte) {
		fast, ok := canonical(newDecoder(testSubjects), body)
		slow, err := decodeAny(body)
		if ok {
			if diff := cmp.Diff(slow, fast); err != nil || diff != "" {
				t.Fatalf("the paths disagree: %v\n%s", err, diff)
			}
		}
		if err == nil {
			again := encode(nil, &slow.Event, slow.Version)
			if back, ok := canonical(newDecoder(testSubjects), again); !ok || back.ID != slow.ID {
				t.Fatalf("what was read from %s is written as %s and not read back", body, again)
			}
		}
	})
}

func TestPlaces(t *testing.T) {
	for reply, wantMore := range map[string]bool{
		"$JS.ACK.S.c.1.42.7.1700000000.0":               false,
		"$JS.ACK.S.c.1.42.7.1700000000.12":              true,
		"$JS.ACK.dom.hash.S.c.1.42.7.1700000000.0":      false,
		"$JS.ACK.dom.hash.S.c.1.42.7.1700000000.0.tok":  false,
		"$JS.ACK.dom.hash.S.c.1.42.7.1700000000.3.tok9": true,
	} {
		stream, consumer, more, ok := places(reply)
		if !ok || stream != 42 || consumer != 7 || more != wantMore {
			t.Errorf("%s: %d, %d, %v, %v", reply, stream, consumer, more, ok)
		}
	}
	for _, reply := range []string{"", "_INBOX.x", "$JS.ACK.", "$JS.ACK.S.c.1.x.7.1.0", "$JS.ACK.S.c.1.0.7.1.0"} {
		if _, _, _, ok := places(reply); ok {
			t.Errorf("%q has a place", reply)
		}
	}
}

func TestHeadsAreBounded(t *testing.T) {
	h := newHeads()
	agg := func(n int) event.Aggregate {
		return event.Aggregate{Type: "a", ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(n), byte(n >> 8), byte(n >> 16)})}
	}
	const n = 5 * headsPerAge
	for i := range n {
		h.put(agg(i), head{version: event.Version(i), sequence: uint64(i)})
	}
	if size := len(h.young) + len(h.old); size > 2*headsPerAge {
		t.Fatalf("%d heads kept", size)
	}
	if at, ok := h.get(agg(n - 1)); !ok || at.version != n-1 {
		t.Fatalf("the newest head is %+v, %v", at, ok)
	}
	h.put(agg(n-1), head{version: 1, sequence: 1})
	if at, _ := h.get(agg(n - 1)); at.version != n-1 {
		t.Fatalf("an older head replaced a newer one: %+v", at)
	}
	h.forget(agg(n - 1))
	if _, ok := h.get(agg(n - 1)); ok {
		t.Fatal("a forgotten head is known")
	}
}

func TestRedact(t *testing.T) {
	got := redact("nats://user:secret@a:4222,tls://token@b,c:1")
	if want := "nats://a:4222,tls://b,nats://c:1"; got != want {
		t.Fatalf("redacted to %s, want %s", got, want)
	}
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(strings.Replace(goodBody, `{"a":1}`, `{"hostname":"server01.example.com","text":"`+strings.Repeat("x", 180)+`"}`, 1))
	d := newDecoder(testSubjects)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decoded(d, goodSubject, body); err != nil {
			b.Fatal(err)
		}
	}
}
