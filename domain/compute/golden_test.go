package compute_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldenEvents has one event of each type, in the order of EventTypes.
func goldenEvents(t testing.TB) []compute.Event {
	t.Helper()
	events := happen(
		compute.ResourceRegistered{Hostname: hostname(t, "server01.example.com"), ResourceType: compute.IDS},
		compute.OrganizationAssigned{OrganizationID: organization},
		compute.LocationAssigned{LocationID: location},
		compute.OwnerAssigned{OwnerID: owner},
		compute.PolicyAdded{PolicyID: policy},
		compute.PolicyRemoved{PolicyID: policy},
		compute.AccountConceptAssigned{ConceptID: concept},
		compute.AccountConceptCleared{},
		compute.HardwareDetailsSet{HardwareDetails: compute.HardwareDetails{Manufacturer: new("Acme \"& Söhne\""), Model: new("")}},
		compute.AssetTagAssigned{AssetTag: "A-1"},
		compute.MetadataUpdated{Key: "rack", Value: "7"},
		compute.StatusChanged{FromStatus: compute.Provisioning, ToStatus: compute.Active},
	)
	for i := range events[1:] {
		events[i+1].CausationID = uuid.NullUUID{UUID: events[i].EventID, Valid: true}
	}
	events[11].Time = events[11].Time.Add(123456789)
	return events
}

// checkGolden compares lines with a file in testdata.
func checkGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// lines encodes values as JSON Lines.
func lines[T any](t *testing.T, values []T) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, v := range values {
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestGoldenFlatJSON(t *testing.T) {
	checkGolden(t, "flat.jsonl", lines(t, goldenEvents(t)))
}

func TestGoldenEnvelopes(t *testing.T) {
	var envelopes []compute.Envelope
	for _, e := range goldenEvents(t) {
		envelopes = append(envelopes, compute.Envelope{Event: e})
	}
	checkGolden(t, "envelopes.jsonl", lines(t, envelopes))
}

func TestGoldenLog(t *testing.T) {
	var b []byte
	for _, e := range goldenEvents(t) {
		logged, err := compute.ToEvent(e)
		if err != nil {
			t.Fatal(err)
		}
		b = append(event.AppendJSON(b, &logged), '\n')
	}
	checkGolden(t, "log.jsonl", b)
}

func TestGoldenStates(t *testing.T) {
	events := goldenEvents(t)
	states := []compute.State{compute.Empty(resourceID), compute.Fold(resourceID, events[:5]...), compute.Fold(resourceID, events...)}
	checkGolden(t, "states.jsonl", lines(t, states))
}

// TestGoldenFilesAreRead decodes the files themselves, so that what was written
// once stays readable.
func TestGoldenFilesAreRead(t *testing.T) {
	want := goldenEvents(t)
	read := func(name string, parse func([]byte) (compute.Event, error)) {
		file, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var got []compute.Event
		for line := range bytes.Lines(file) {
			e, err := parse(line)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got = append(got, e)
		}
		if diff := cmp.Diff(want, got, exact); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	read("flat.jsonl", func(line []byte) (e compute.Event, err error) { return e, json.Unmarshal(line, &e) })
	read("envelopes.jsonl", func(line []byte) (compute.Event, error) {
		var v compute.Envelope
		err := json.Unmarshal(line, &v)
		return v.Event, err
	})
	read("log.jsonl", func(line []byte) (compute.Event, error) {
		e, err := event.ParseJSON(line)
		if err != nil {
			return compute.Event{}, err
		}
		return compute.FromEvent(e)
	})
}

func TestEventNames(t *testing.T) {
	want := []string{
		"ResourceRegistered", "OrganizationAssigned", "LocationAssigned", "OwnerAssigned", "PolicyAdded", "PolicyRemoved",
		"AccountConceptAssigned", "AccountConceptCleared", "HardwareDetailsSet", "AssetTagAssigned", "MetadataUpdated", "StatusChanged",
	}
	types := compute.EventTypes()
	for i, e := range goldenEvents(t) {
		if e.TypeName() != want[i] || e.Payload.EventType() != types[i] || types[i].Name() != want[i] || e.SchemaVersion() != 1 {
			t.Errorf("event %d is %s (%s) version %d, want %s", i, e.TypeName(), e.Payload.EventType(), e.SchemaVersion(), want[i])
		}
	}
	if none := (compute.Event{}); none.TypeName() != "" || none.SchemaVersion() != 0 {
		t.Errorf("event without a payload is %q version %d", none.TypeName(), none.SchemaVersion())
	}
}
