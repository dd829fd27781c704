package compute_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
)

// registration is a good event in its flat form; the cases below spoil it.
const registration = `{"type":"resource_registered","event_version":1,"event_id":"01900000-0000-7000-8000-000000000001",` +
	`"aggregate_id":"01900000-0000-7000-8000-0000000000a0","timestamp":"2026-01-31T09:30:01Z",` +
	`"correlation_id":"01900000-0000-7000-8000-0000000000c0","causation_id":null,` +
	`"hostname":"server01.example.com","resource_type":"physical_server"}`

func TestFlatJSONIsChecked(t *testing.T) {
	replace := func(old, with string) string {
		if !strings.Contains(registration, old) {
			t.Fatalf("%s is not part of the event", old)
		}
		return strings.Replace(registration, old, with, 1)
	}
	tests := []struct {
		name, text string
		field      string // of the DecodeError
	}{
		{"not an object", `[]`, ""},
		{"null inside", `{"type":null}`, "type"},
		{"no type", replace(`"type":"resource_registered",`, ``), "type"},
		{"type not text", replace(`"resource_registered"`, `7`), "type"},
		{"no version", replace(`"event_version":1,`, ``), "event_version"},
		{"fractional version", replace(`"event_version":1`, `"event_version":1.5`), "event_version"},
		{"negative version", replace(`"event_version":1`, `"event_version":-1`), "event_version"},
		{"no id", replace(`"event_id":"01900000-0000-7000-8000-000000000001",`, ``), "event_id"},
		{"nil id", replace(`01900000-0000-7000-8000-000000000001`, `00000000-0000-0000-0000-000000000000`), "event_id"},
		{"id in braces", replace(`01900000-0000-7000-8000-000000000001`, `{01900000-0000-7000-8000-000000000001}`), "event_id"},
		{"null aggregate id", replace(`"aggregate_id":"01900000-0000-7000-8000-0000000000a0"`, `"aggregate_id":null`), "aggregate_id"},
		{"time without a zone", replace(`09:30:01Z`, `09:30:01`), "timestamp"},
		{"bad correlation", replace(`01900000-0000-7000-8000-0000000000c0`, `c0`), "correlation_id"},
		{"causation of another kind", replace(`"causation_id":null`, `"causation_id":7`), "causation_id"},
		{"bad hostname", replace(`server01.example.com`, `server_01`), "hostname"},
		{"no hostname", replace(`"hostname":"server01.example.com",`, ``), "hostname"},
		{"unknown resource type", replace(`physical_server`, `toaster`), "resource_type"},
		{"field of another event", replace(`"hostname"`, `"asset_tag":"A-1","hostname"`), "asset_tag"},
		{"field twice", replace(`"hostname"`, `"hostname":"other","hostname"`), "hostname"},
		{"field in capitals", replace(`"hostname"`, `"HOSTNAME"`), "hostname"},
		{"cut short", registration[:len(registration)-1], "\x00"},
		{"two values", registration + registration, "\x00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var e compute.Event
			err := json.Unmarshal([]byte(tt.text), &e)
			if tt.field == "\x00" { // encoding/json sees it first
				if err == nil {
					t.Error("it was decoded")
				}
				err = e.UnmarshalJSON([]byte(tt.text))
				tt.field = ""
			}
			var decode *compute.DecodeError
			if !errors.As(err, &decode) || decode.Field != tt.field {
				t.Errorf("error = %v, want one about field %q", err, tt.field)
			}
			if !reflect.DeepEqual(e, compute.Event{}) {
				t.Errorf("the event was written to: %+v", e)
			}
		})
	}
}

func TestDecodeErrorsKeepTheirCause(t *testing.T) {
	var e compute.Event
	var name *compute.HostnameError
	err := json.Unmarshal([]byte(strings.Replace(registration, "server01", "server_01", 1)), &e)
	if !errors.As(err, &name) || name.Fault != compute.HostnameBadCharacter {
		t.Errorf("error = %v, want a hostname error inside", err)
	}
	const want = `decode field "hostname": hostname label "server_01" has a character other than letters, digits and hyphens`
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestVersionsAndTypesThatAreNotKnown(t *testing.T) {
	newer := &aggregate.SchemaVersionError{Type: "resource_registered", Known: 1, Found: 2}
	unknown := &aggregate.UnknownTypeError{Type: "resource_painted"}
	good, err := compute.ToEvent(compute.Event{Header: header(1), Payload: compute.ResourceRegistered{Hostname: hostname(t, "a")}})
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*event.Event)) error {
		e := good
		change(&e)
		_, err := compute.FromEvent(e)
		return err
	}
	flat := func(old, with string) error {
		return json.Unmarshal([]byte(strings.Replace(registration, old, with, 1)), &compute.Event{})
	}
	tests := []struct {
		name      string
		got, want error
	}{
		{"newer in the log", with(func(e *event.Event) { e.SchemaVersion = 2 }), newer},
		{"newer and flat", flat(`"event_version":1`, `"event_version":2`), newer},
		{"version 0 and flat", flat(`"event_version":1`, `"event_version":0`), &aggregate.SchemaVersionError{Type: "resource_registered", Known: 1, Found: 0}},
		{"unknown in the log", with(func(e *event.Event) { e.Type = "resource_painted" }), unknown},
		{"unknown and flat", flat(`resource_registered`, `resource_painted`), unknown},
		{"another aggregate", with(func(e *event.Event) { e.Aggregate.Type = "network" }), &aggregate.ForeignEventError{
			Want: event.Aggregate{Type: "compute", ID: resourceID}, Got: event.Aggregate{Type: "network", ID: resourceID}}},
		{"bad header in the log", with(func(e *event.Event) { e.CorrelationID = [16]byte{} }), &event.FieldError{
			Field: "correlation_id", Reason: "must be a UUID other than the nil UUID"}},
		{"year 1500 and flat", flat(`2026-01`, `1500-01`), &event.FieldError{Field: "time", Reason: "must lie between the years 1678 and 2261"}},
	}
	for _, tt := range tests {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s: error = %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	if err := with(func(e *event.Event) { e.SchemaVersion = 0 }); err != nil {
		t.Errorf("version 0 in the log: %v, want it read as 1", err)
	}
}

func TestLogDataIsChecked(t *testing.T) {
	tests := []struct {
		typ   compute.EventType
		data  string
		field string
	}{
		{compute.TypeResourceRegistered, `{"hostname":"a"}`, "resource_type"},
		{compute.TypeOrganizationAssigned, `{"organization_id":"x"}`, "organization_id"},
		{compute.TypeLocationAssigned, `{"location_id":null}`, "location_id"},
		{compute.TypeOwnerAssigned, `{}`, "owner_id"},
		{compute.TypePolicyAdded, `{"policy_id":{"id":"01900000-0000-7000-8000-000000000104"}}`, "policy_id"},
		{compute.TypePolicyRemoved, `{"policy_id":"00000000-0000-0000-0000-000000000000"}`, "policy_id"},
		{compute.TypeAccountConceptAssigned, `{"concept_id":1}`, "concept_id"},
		{compute.TypeAccountConceptCleared, `{"concept_id":null}`, "concept_id"},
		{compute.TypeHardwareDetailsSet, `{"manufacturer":7}`, "manufacturer"},
		{compute.TypeAssetTagAssigned, `{"asset_tag":["A"]}`, "asset_tag"},
		{compute.TypeMetadataUpdated, `{"key":"k"}`, "value"},
		{compute.TypeStatusChanged, `{"from_status":"active","to_status":"retired"}`, "to_status"},
	}
	for _, tt := range tests {
		e := header(1).Event("compute", string(tt.typ), 1, json.RawMessage(tt.data))
		_, err := compute.FromEvent(e)
		var decode *compute.DecodeError
		if !errors.As(err, &decode) || decode.Field != tt.field {
			t.Errorf("%s %s: error = %v, want one about %s", tt.typ, tt.data, err, tt.field)
		}
	}
}

func TestAbsentOptionalsMayBeMissingOrNull(t *testing.T) {
	for _, data := range []string{`{}`, `{"manufacturer":null,"model":null}`} {
		e := header(1).Event("compute", "hardware_details_set", 1, json.RawMessage(data))
		got, err := compute.FromEvent(e)
		if err != nil || got.Payload != (compute.HardwareDetailsSet{}) {
			t.Errorf("%s: %+v, %v, want no details", data, got.Payload, err)
		}
	}
}

func TestRulesOfCommandsAreNotRulesOfFacts(t *testing.T) {
	for typ, data := range map[compute.EventType]string{
		compute.TypeAssetTagAssigned: `{"asset_tag":""}`,
		compute.TypeMetadataUpdated:  `{"key":"","value":""}`,
	} {
		if _, err := compute.FromEvent(header(1).Event("compute", string(typ), 1, json.RawMessage(data))); err != nil {
			t.Errorf("%s %s: %v, want it read", typ, data, err)
		}
	}
}

func TestEventsWithoutAWireFormAreNotEncoded(t *testing.T) {
	nameless := header(1)
	nameless.EventID = [16]byte{}
	for name, e := range map[string]compute.Event{
		"no payload":    {Header: header(1)},
		"zero hostname": {Header: header(1), Payload: compute.ResourceRegistered{}},
		"nil policy":    {Header: header(1), Payload: compute.PolicyAdded{}},
		"status 9":      {Header: header(1), Payload: compute.StatusChanged{ToStatus: 9}},
		"no event id":   {Header: nameless, Payload: compute.AccountConceptCleared{}},
		"no time":       {Header: compute.Header{EventID: numbered(1), AggregateID: resourceID, CorrelationID: correlationID}, Payload: compute.AccountConceptCleared{}},
	} {
		var encode *compute.EncodeError
		if _, err := compute.ToEvent(e); !errors.As(err, &encode) {
			t.Errorf("%s: ToEvent: %v, want an encode error", name, err)
		}
		if _, err := json.Marshal(e); !errors.As(err, &encode) {
			t.Errorf("%s: Marshal: %v, want an encode error", name, err)
		}
		if _, err := json.Marshal(compute.Envelope{Event: e}); !errors.As(err, &encode) {
			t.Errorf("%s: Marshal of the envelope: %v, want an encode error", name, err)
		}
	}
}

func TestEnvelopeIsChecked(t *testing.T) {
	for text, field := range map[string]string{
		`[]`:                             "",
		`{"event":` + registration + `}`: "aggregate_type",
		`{"aggregate_type":"compute","event":` + registration + `}`:                        "aggregate_type",
		`{"aggregate_type":"compute_resource"}`:                                            "event",
		`{"aggregate_type":"compute_resource","event":7}`:                                  "event",
		`{"aggregate_type":"compute_resource","event":` + registration + `,"signed":true}`: "signed",
	} {
		var decode *compute.DecodeError
		if err := json.Unmarshal([]byte(text), &compute.Envelope{}); !errors.As(err, &decode) || decode.Field != field {
			t.Errorf("%s: error = %v, want one about field %q", text, err, field)
		}
	}
}

func TestStateJSONIsChecked(t *testing.T) {
	good, err := json.Marshal(compute.Fold(resourceID, goldenEvents(t)[:5]...))
	if err != nil {
		t.Fatal(err)
	}
	spoil := func(old, with string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("%s is not part of %s", old, good)
		}
		return strings.Replace(string(good), old, with, 1)
	}
	policies := `"policy_ids":["01900000-0000-7000-8000-000000000104"]`
	for text, field := range map[string]string{
		`7`: "",
		spoil(`"status":"provisioning"`, `"status":"idle"`):                                                             "status",
		spoil(`"version":5`, `"version":-5`):                                                                            "version",
		spoil(policies, `"policy_ids":[null]`):                                                                          "policy_ids",
		spoil(policies, `"policy_ids":null`):                                                                            "policy_ids",
		spoil(`"metadata":[]`, `"metadata":[{"key":"k"}]`):                                                              "metadata",
		spoil(`"metadata":[]`, `"metadata":[null]`):                                                                     "metadata",
		spoil(`"metadata":[]`, `"metadata":[{"key":"k","value":""},{"key":"k","value":""}]`):                            "metadata",
		spoil(policies, `"policy_ids":["01900000-0000-7000-8000-000000000104","01900000-0000-7000-8000-000000000104"]`): "policy_ids",
		spoil(`"id":`, `"colour":"red","id":`):                                                                          "colour",
	} {
		var s compute.State
		var decode *compute.DecodeError
		if err := json.Unmarshal([]byte(text), &s); !errors.As(err, &decode) || decode.Field != field {
			t.Errorf("%s: error = %v, want one about field %q", text, err, field)
		}
		if !reflect.DeepEqual(s, compute.State{}) {
			t.Errorf("%s: the state was written to", text)
		}
	}
}
