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
	c, errs := config.Parse("in.yaml", []byte("catalog:\n  - {type: a, version: 2}\n  - {type: B}\n"))
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
