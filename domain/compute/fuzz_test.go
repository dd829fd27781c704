package compute_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/compute"
)

// seed adds the lines of a golden file to a corpus.
func seed(f *testing.F, name string) {
	f.Helper()
	file, err := os.ReadFile("testdata/" + name)
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(file) {
		f.Add(line)
	}
}

// fuzzJSON: what is decoded can be encoded, and decoding that gives the same.
func fuzzJSON[T any](f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second T
		if json.Unmarshal(data, &first) != nil {
			return
		}
		text, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("decoded and not encoded: %v", err)
		}
		if err := json.Unmarshal(text, &second); err != nil {
			t.Fatalf("%s is not decoded again: %v", text, err)
		}
		if diff := cmp.Diff(first, second, exact); diff != "" {
			t.Fatalf("round trip (-first +second):\n%s", diff)
		}
	})
}

func FuzzEventJSON(f *testing.F) { seed(f, "flat.jsonl"); fuzzJSON[compute.Event](f) }

func FuzzEnvelopeJSON(f *testing.F) { seed(f, "envelopes.jsonl"); fuzzJSON[compute.Envelope](f) }

func FuzzStateJSON(f *testing.F) { seed(f, "states.jsonl"); fuzzJSON[compute.State](f) }

func FuzzNetworkJSON(f *testing.F) {
	f.Add([]byte(`{"ip":"10.0.0.7/24","mac":"02:42:ac:11:00:02","vlan":100,"mtu":9000}`))
	f.Add([]byte(`{"ip":"2001:db8::1/64","mac":"FF-FF-FF-FF-FF-FF","vlan":4094,"mtu":68}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second link
		if json.Unmarshal(data, &first) != nil || first.IP.IsZero() || first.VLAN.ID() == 0 {
			return
		}
		text, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("decoded and not encoded: %v", err)
		}
		if err := json.Unmarshal(text, &second); err != nil || first != second {
			t.Fatalf("%s gives %+v, %v, want %+v", text, second, err, first)
		}
	})
}

func FuzzFromEvent(f *testing.F) {
	for _, t := range compute.EventTypes() {
		f.Add(string(t), uint32(1), []byte(`{}`))
	}
	f.Add("status_changed", uint32(1), []byte(`{"from_status":"active","to_status":"maintenance"}`))
	f.Add("resource_registered", uint32(1), []byte(`{"hostname":"a.b","resource_type":"v_p_n_gateway"}`))
	f.Fuzz(func(t *testing.T, eventType string, version uint32, data []byte) {
		e, err := compute.FromEvent(header(1).Event("compute", eventType, version, data))
		if err != nil {
			return
		}
		logged, err := compute.ToEvent(e)
		if err != nil {
			t.Fatalf("decoded and not encoded: %v", err)
		}
		again, err := compute.FromEvent(logged)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, again, exact); diff != "" {
			t.Fatalf("round trip (-first +second):\n%s", diff)
		}
		if s := compute.Fold(resourceID, e); s.Version != 1 {
			t.Fatalf("version %d after one event", s.Version)
		}
	})
}

// FuzzText: each text form, once read, reads back as the same value.
func FuzzText(f *testing.F) {
	for _, text := range []string{"server01.example.com", "10.0.0.7/24", "02:42:ac:11:00:02", "layer3_switch", "maintenance", policy.String(), ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reread[compute.Hostname](t, text)
		reread[compute.IPAddress](t, text)
		reread[compute.MAC](t, text)
		reread[compute.ResourceType](t, text)
		reread[compute.Status](t, text)
		reread[compute.PolicyID](t, text)
		if typ := compute.ParseResourceType(text); compute.ParseResourceType(typ.String()) != typ {
			t.Errorf("%q is %s, which is parsed as another", text, typ)
		}
	})
}

func reread[T interface {
	comparable
	encoding.TextMarshaler
}, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, text string) {
	t.Helper()
	var first, second T
	if P(&first).UnmarshalText([]byte(text)) != nil {
		if first != second {
			t.Errorf("%T: %q was refused and left %v", first, text, first)
		}
		return
	}
	canonical, err := first.MarshalText()
	if err != nil {
		t.Fatalf("%T: %q was read and not written: %v", first, text, err)
	}
	if err := P(&second).UnmarshalText(canonical); err != nil || first != second {
		t.Errorf("%T: %q is %s, which is read as %v, %v", first, text, canonical, second, err)
	}
}
