package config_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
)

const shipped = `
pipelines:
  - name: p
    projection: {wasm: m.wasm}
catalog:
  - type: parcel_shipped
    version: 3
    fields: {to: object, weight: optional number, kilos: forbidden}
    upcasters:
      - from: 1
        fields: {kilos: optional number}
        steps:
          - add: {field: to.country, default: "<DE>"}
          - move: {field: zip, to: to.zip}
          - drop: {field: note}
      - from: 2
        steps:
          - rename: {field: kilos, to: weight, optional: true}
          - map: {field: state, values: {1: sent, yes: null}, default: {odd: 1.50}}
`

// What is declared in YAML happens to events.
func TestEventCatalog(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "in.yaml")
	for name, text := range map[string]string{path: shipped, filepath.Join(dir, "m.wasm"): ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.EventCatalog()
	if err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]string{
		`{"zip":"1","kilos":2.50,"state":1,"note":""}`: `{"weight":2.50,"state":"sent","to":{"country":"<DE>","zip":"1"}}`,
		`{"state":"yes","zip":"1"}`:                    `{"state":null,"to":{"country":"<DE>","zip":"1"}}`,
		`{"state":"1","zip":"1","to":{}}`:              `{"state":{"odd":1.50},"to":{"country":"<DE>","zip":"1"}}`,
		`{"state":1,"kilos":"2"}`:                      ``,
		`{"state":1,"zip":"1","weight":1,"kilos":1}`:   ``,
	} {
		got, err := made.Upcast(event.Event{Type: "parcel_shipped", SchemaVersion: 1, Data: json.RawMessage(data)})
		if want == "" && err == nil || want != "" && (err != nil || string(got.Data) != want) {
			t.Errorf("%s became %s, %v, want %s", data, got.Data, err, want)
		}
	}
}

// A configuration that Load has not seen is checked too.
func TestEventCatalogOfBadTypes(t *testing.T) {
	c, errs := config.Parse("in.yaml", []byte("catalog:\n  - {type: a, version: 2}\n  - {type: B}\n"), nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	made, err := c.EventCatalog()
	var all config.Errors
	if !errors.As(err, &all) || len(all) != 2 || all[0].Line != 2 || all[1].Line != 3 || made != nil {
		t.Errorf("catalog %v, error %v", made, err)
	}
	if none, err := (&config.Config{}).EventCatalog(); err != nil || none.Digest() != [32]byte{} {
		t.Errorf("without a catalog: %v, %v", none, err)
	}
}

// FuzzEventCatalog: whatever a file says, its catalog is made or its mistakes
// have a place in the file.
func FuzzEventCatalog(f *testing.F) {
	f.Add([]byte(shipped))
	for _, seed := range []string{"catalog: [{type: a, fields: {x: optional}}]", "catalog: [{type: a, version: 3, upcasters: [{from: 2, steps: [{map: {field: x, values: {a: 1, a: 2}}}]}]}]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, _ := config.Parse("in.yaml", text, nil)
		made, err := c.EventCatalog()
		var all config.Errors
		if (made == nil) != (err != nil) || err != nil && !errors.As(err, &all) {
			t.Fatalf("catalog %v, error %v", made, err)
		}
		for _, e := range all {
			if e.Message == "" || !within(text, e.Pos) {
				t.Errorf("a mistake at %s: %q", e.Pos, e.Message)
			}
		}
	})
}

// TestCatalogSurvivesJSON: a data directory keeps the declarations as JSON.
func TestCatalogSurvivesJSON(t *testing.T) {
	c, errs := config.Parse("in.yaml", []byte(`
catalog:
  - type: host_registered
    version: 3
    fields: {fqdn: string, tags: array, note: optional string}
    upcasters:
      - from: 1
        steps: [{add: {field: tags, default: []}}, {move: {field: place, to: at.place, optional: true}}]
      - from: 2
        steps: [{rename: {field: hostname, to: fqdn}}, {drop: {field: old}}, {map: {field: note, values: {a: b}, default: 12345678901234567890, optional: true}}]
`), nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	text, err := json.Marshal(c.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	var back config.Config
	if err := json.Unmarshal(text, &back.Catalog); err != nil {
		t.Fatal(err)
	}
	want, err := c.EventCatalog()
	if err != nil {
		t.Fatal(err)
	}
	got, err := back.EventCatalog()
	if err != nil {
		t.Fatal(err)
	}
	if got.Digest() != want.Digest() {
		t.Errorf("the catalog has another digest after %s", text)
	}
}
