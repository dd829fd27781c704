package jetstream

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/domain/event"
)

// FuzzPlaces holds that places finds in a reply subject what the client's
// library finds there, and nothing where that finds nothing or a place of 0.
func FuzzPlaces(f *testing.F) {
	for _, reply := range []string{
		"", "_INBOX.x", "$JS.ACK.", "$JS.ACK.S.c.1.42.7.1700000000.0", "$JS.ACK.S.c.1.42.7.1700000000.12", "$JS.ACK.S.c.1.0.7.1.0",
		"$JS.ACK.dom.hash.S.c.1.42.7.1700000000.0", "$JS.ACK.dom.hash.S.c.1.42.7.1700000000.3.tok9", "$JS.ACK.S.c.1.18446744073709551658.7.1.0",
	} {
		f.Add(reply)
	}
	f.Fuzz(func(t *testing.T, reply string) {
		stream, consumer, more, ok := places(reply)
		m := &nats.Msg{Reply: reply, Sub: &nats.Subscription{}}
		meta, err := m.Metadata()
		if !ok {
			if err == nil && int64(meta.Sequence.Stream) > 0 && int64(meta.Sequence.Consumer) > 0 {
				t.Fatalf("%q has no place; the library says %+v", reply, meta)
			}
			return
		}
		if err != nil {
			t.Fatalf("%q has places %d and %d, and none for the library: %v", reply, stream, consumer, err)
		}
		if stream != meta.Sequence.Stream || consumer != meta.Sequence.Consumer || more != (meta.NumPending > 0) {
			t.Fatalf("%q has places %d and %d, more: %v; the library says %+v", reply, stream, consumer, more, meta)
		}
	})
}

// FuzzAnswers reads JSON as each of the server's answers: what is taken for a
// success says where a message is.
func FuzzAnswers(f *testing.F) {
	for _, answer := range []string{
		`{"stream":"S","seq":7}`, `{"stream":"S","seq":7,"duplicate":true}`, `{"stream":"S","seq":7,"batch":"x","count":3}`, `{"stream":"S"}`, `{}`,
		`{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 1"},"stream":"S","seq":0}`, `{"error":{}}`, `null`, `[]`, `{"seq":-1}`,
		`{"type":"ack","seq":500,"msgs":500}`, `{"type":"gap","last_seq":1,"seq":3}`, `{"type":"err","seq":3,"error":{"code":400,"err_code":10071}}`,
		`{"message":{"subject":"a.b","seq":7,"data":"eyJ9"}}`, `{"error":{"code":404,"err_code":10037}}`, `{"message":{"subject":"a.b","data":""}}`,
	} {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &nats.Msg{Data: data}
		a, err := parseAnswer(m)
		if err == nil && (a.Sequence == 0 || a.Stream == "" || a.Error != nil) {
			t.Fatalf("%q is taken for success: %+v", data, a)
		}
		c, chainErr := parseChainAnswer(m)
		if chainErr == nil && c.ended != (c.last > 0) || c.ended && (chainErr != nil || err != nil || a.Duplicate) {
			t.Fatalf("%q ends a chain: %+v, %v", data, c, chainErr)
		}
		leads(t, m)
	})
}

// leads reads the answer of a leader, and writes what it says again.
func leads(t *testing.T, m *nats.Msg) {
	got, err := parseLeader(m)
	if err != nil {
		return
	}
	if got.sequence == 0 {
		t.Fatalf("%q is taken for a message without a place", m.Data)
	}
	var again struct {
		Message struct {
			Subject  string `json:"subject"`
			Sequence uint64 `json:"seq"`
			Data     []byte `json:"data"`
		} `json:"message"`
	}
	again.Message.Subject, again.Message.Sequence, again.Message.Data = got.subject, got.sequence, got.body
	data, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	back, err := parseLeader(&nats.Msg{Data: data})
	if err != nil || back.sequence != got.sequence || back.subject != got.subject || !bytes.Equal(back.body, got.body) {
		t.Fatalf("%q says %+v, which is written as %q and read as %+v, %v", m.Data, got, data, back, err)
	}
}

// FuzzDirect reads the answer to a direct get.
func FuzzDirect(f *testing.F) {
	f.Add("", "7", "a.b", []byte(`{}`))
	f.Add("404", "", "", []byte{})
	f.Add("408", "7", "a.b", []byte{})
	f.Add("", "0", "a.b", []byte{})
	f.Add("", "+7", "", []byte{})
	f.Fuzz(func(t *testing.T, status, sequence, subject string, body []byte) {
		m := nats.NewMsg("")
		m.Data = body
		m.Header.Set("Status", status)
		m.Header.Set("Nats-Sequence", sequence)
		m.Header.Set("Nats-Subject", subject)
		got, err := parseDirect(m)
		if err != nil {
			return
		}
		n, numberErr := strconv.ParseUint(sequence, 10, 64)
		if numberErr != nil || n == 0 || status != "" || got.sequence != n || got.subject != subject || !bytes.Equal(got.body, body) {
			t.Fatalf("status %q, sequence %q: %+v", status, sequence, got)
		}
	})
}

// FuzzStored decodes a message: what is an event is written in one way, which is
// read as the same event.
func FuzzStored(f *testing.F) {
	f.Add(goodSubject, []byte(goodBody))
	f.Add(goodSubject, []byte(strings.Replace(goodBody, `{"a":1}`, "{ \"a\" :\n[1e9,-0.5,\"\\u00e9\"]},\"metadata\":{\"x\":null}", 1)))
	f.Add(strings.Replace(goodSubject, "done", "gone", 1), []byte(goodBody))
	f.Fuzz(func(t *testing.T, subject string, body []byte) {
		r, err := decoded(newDecoder(testSubjects), subject, bytes.Clone(body))
		if err != nil {
			return
		}
		if err := r.Validate(); err != nil || r.Version == 0 || !strings.EqualFold(subject, testSubjects.event(&r.Event)) {
			t.Fatalf("%s, %q is read as %+v: %v", subject, body, r, err)
		}
		once := encode(nil, &r.Event, r.Version)
		again, err := decoded(newDecoder(testSubjects), testSubjects.event(&r.Event), bytes.Clone(once))
		if err != nil {
			t.Fatalf("%q is written as %q, which is refused: %v", body, once, err)
		}
		if twice := encode(nil, &again.Event, again.Version); !bytes.Equal(once, twice) {
			t.Fatalf("%q is written as %q, then as %q", body, once, twice)
		}
		if e := (event.Event{Data: r.Data, Metadata: r.Metadata}); len(e.Data) > len(body) || len(e.Metadata) > len(body) {
			t.Fatalf("%q has data %q, metadata %q", body, e.Data, e.Metadata)
		}
	})
}

// FuzzRedact holds that what stands before a host is never shown.
func FuzzRedact(f *testing.F) {
	f.Add("user:secret", "host:4222", true)
	f.Add("to@ken", "[::1]", false)
	f.Add("a:b%2C//c", "h", true)
	f.Fuzz(func(t *testing.T, user, host string, scheme bool) {
		if strings.ContainsAny(user, ",") || strings.ContainsAny(host, "@,/") || user == "" || strings.Contains(host+"nats://", user) {
			return
		}
		url := user + "@" + host
		if scheme {
			url = "nats://" + url
		} else if strings.Contains(user, "://") {
			return // it is the scheme then
		}
		if got := redact(url + "," + url); strings.Contains(got, user) || !strings.Contains(got, host) {
			t.Fatalf("%q is redacted to %q", url, got)
		}
	})
}
