// Package docs_test keeps the guides true: what they show is compiled, run or
// loaded somewhere.
package docs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
)

// The guides, and the one of them that shows configuration and events.
const (
	eventSourcing = "EVENT_SOURCING.md"
	frp           = "FRP_GUIDE.md"
	stateMachine  = "STATE_MACHINE.md"
	executors     = "EXECUTORS.md"
	processes     = "PROCESS_PLUGINS.md"
)

var fenced = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// blocks returns a guide's blocks of a language.
func blocks(t *testing.T, guide, language string) []string {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		if m[1] == language {
			found = append(found, m[2])
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has no block of %s", guide, language)
	}
	return found
}

// Each piece of Go stands in an example, as a whole, within a function or not.
func TestGoIsPartOfAnExample(t *testing.T) {
	var examples strings.Builder
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "example_test.go" {
			return err
		}
		text, err := os.ReadFile(path)
		examples.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, guide := range []string{eventSourcing, frp, stateMachine, executors, processes} {
		for _, block := range blocks(t, guide, "go") {
			if !strings.Contains(examples.String(), block) && !strings.Contains(examples.String(), indented(block)) {
				t.Errorf("%s shows Go that is in no example_test.go:\n%s", guide, block)
			}
		}
	}
}

func indented(block string) string {
	var b strings.Builder
	for line := range strings.Lines(block) {
		if line != "\n" {
			b.WriteByte('\t')
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestYAMLIsAConfiguration(t *testing.T) {
	for _, block := range blocks(t, eventSourcing, "yaml") {
		c, mistakes := config.Parse(eventSourcing, []byte(block), nil)
		if len(mistakes) > 0 {
			t.Errorf("%v in:\n%s", mistakes, block)
			continue
		}
		if _, err := c.EventCatalog(); err != nil || len(c.Catalog) == 0 && c.Store.URL == "" {
			t.Errorf("%v in:\n%s", err, block)
		}
	}
}

// Each piece of YAML about executors can be loaded where its module is, and the
// files in configs where their modules are.
func TestPipelinesAreSound(t *testing.T) {
	for i, block := range blocks(t, executors, "yaml") {
		dir := t.TempDir()
		for name, text := range map[string]string{"stock.wasm": "", "incidents.wasm": "", "chat_webhook.wasm": "", "in.yaml": block} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := config.Load(filepath.Join(dir, "in.yaml")); err != nil {
			t.Errorf("block %d: %v", i+1, err)
		}
	}
	for i, block := range blocks(t, processes, "yaml") {
		dir := t.TempDir()
		for name, text := range map[string]string{"stock": "", "pages.js": "", "in.yaml": block} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := config.Load(filepath.Join(dir, "in.yaml")); err != nil {
			t.Errorf("block %d of %s: %v", i+1, processes, err)
		}
	}
	files, err := filepath.Glob("../configs/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d configurations, %v", len(files), err)
	}
	for _, file := range files {
		_, err := config.Load(file)
		var mistakes config.Errors
		errors.As(err, &mistakes)
		mistakes = slices.DeleteFunc(mistakes, func(e *config.Error) bool {
			return strings.HasPrefix(e.Message, "there is no file ") // not built
		})
		if err != nil && len(mistakes) > 0 {
			t.Error(mistakes)
		}
	}
}

func TestJSONIsAnEvent(t *testing.T) {
	for _, block := range blocks(t, eventSourcing, "json") {
		if _, err := event.ParseJSON([]byte(block)); err != nil {
			t.Errorf("%v in:\n%s", err, block)
		}
	}
}

// The effect that the guide shows is told so.
func TestJSONIsAnEffect(t *testing.T) {
	b := effect.Batch{Pipeline: "stock", Generation: 1}
	f := effect.Effect{
		Kind: effect.Insert, Cause: 3, Name: "items", Body: []byte(`{"id":"a","n":1}`),
		CauseID:       uuid.MustParse("00000001-0000-7000-8000-000000000003"),
		CorrelationID: uuid.MustParse("00000003-0000-7000-8000-000000000001"),
		CauseTime:     time.Date(2026, 1, 1, 0, 0, 3, 0, time.UTC),
	}
	told, err := effect.AppendJSON(nil, &b, &f)
	if shown := strings.TrimSpace(blocks(t, executors, "json")[0]); shown != string(told) || err != nil {
		t.Errorf("%s shows\n%s\nwhere it is\n%s, %v", executors, shown, told, err)
	}
}
