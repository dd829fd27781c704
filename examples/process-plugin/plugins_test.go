// Package processplugin_test runs the plugins of this folder as the engine does.
package processplugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/process"
	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pages is the executor's command, with the packages that tools.sh has installed.
func pages(t *testing.T) process.Command {
	t.Helper()
	t.Setenv("NODE_PATH", conformance.NodePackages(t, "selfsigned"))
	for _, file := range []string{"pages/pages.js", "pages/plugin.js", "../../sdk/process/wire/refold.proto"} {
		_, err := os.ReadFile(file) // so that go test knows what the test depends on
		must(t, err)
	}
	path, err := filepath.Abs("pages/pages.js")
	must(t, err)
	return process.Command{Path: path, Env: []string{"NODE_PATH"}, Timeout: time.Minute}
}

// TestPages: an executor in another language, over the published protocol, does what
// every executor does.
func TestPages(t *testing.T) {
	command := pages(t)
	executortest.Run(t, executortest.Suite{
		Features: executortest.Features{Rows: true, Generations: true},
		New: func(t *testing.T) executortest.Store {
			folder := t.TempDir()
			keys := map[string][]string{"accounts": executortest.Keys("accounts"), "entries": executortest.Keys("entries")}
			config, err := json.Marshal(map[string]any{"folder": folder, "keys": keys})
			must(t, err)
			return executortest.Store{
				Open: func(pipeline string, generation uint64) (engine.Executor, error) {
					return process.NewHost(process.Options{}).OpenExecutor(t.Context(), command,
						process.Opening{Pipeline: pipeline, Generation: generation, Config: config})
				},
				Rows: func(t *testing.T, table string) map[string]string { return rows(t, folder, table) },
				Provoke: map[executortest.Failure]func(*testing.T) executortest.Provoked{
					executortest.Poison: func(*testing.T) executortest.Provoked {
						return executortest.Provoked{Effect: effect.Effect{Kind: effect.Insert, Name: "accounts", Body: []byte(`{"owner":"nobody"}`)}}
					},
					executortest.Fatal: func(t *testing.T) executortest.Provoked {
						inTheWay := filepath.Join(folder, "ledger", "generation-1", "accounts", executortest.Failing+".md")
						must(t, os.MkdirAll(inTheWay, 0o700))
						return executortest.Provoked{Mend: func() { must(t, os.RemoveAll(inTheWay)) }}
					},
				},
			}
		},
	})
}

// rows reads the pages that readers see.
func rows(t *testing.T, folder, table string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*", "current", table, "*.md"))
	must(t, err)
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		row := strings.Split(string(text), "\n")[1]
		all[keyOf(t, table, row)] = executortest.Complete(t, table, row)
	}
	return all
}

func keyOf(t *testing.T, table, row string) string {
	t.Helper()
	var columns map[string]json.RawMessage
	must(t, json.Unmarshal([]byte(row), &columns))
	var parts []json.RawMessage
	for _, column := range executortest.Keys(table) {
		parts = append(parts, columns[column])
	}
	if len(parts) == 1 {
		return strings.Trim(string(parts[0]), `"`)
	}
	text, err := json.Marshal(parts)
	must(t, err)
	return string(text)
}

// TestKeysStayInTheirFolder: a key is a page's name, whatever it is.
func TestKeysStayInTheirFolder(t *testing.T) {
	command, folder := pages(t), t.TempDir()
	x, err := process.NewHost(process.Options{}).OpenExecutor(t.Context(), command, process.Opening{
		Pipeline: "p", Generation: 1, Config: fmt.Appendf(nil, `{"folder":%q,"keys":{"items":["item"]}}`, folder)})
	must(t, err)
	defer func() { must(t, x.Close()) }()
	var effects []effect.Effect
	names := []string{"..", "../../x", "/etc/x", ".", "", "a b", "ünïcode", "C:\\x", ".hidden"}
	for n, name := range names {
		body, err := json.Marshal(map[string]string{"item": name})
		must(t, err)
		effects = append(effects, effect.Effect{Kind: effect.Insert, Cause: 1, Ordinal: uint32(n), Name: "items", Body: body})
	}
	must(t, x.Execute(t.Context(), effect.Batch{Pipeline: "p", Generation: 1, Through: 1, Effects: effects}))
	found, err := filepath.Glob(filepath.Join(folder, "p", "current", "items", "*"))
	must(t, err)
	hidden, err := filepath.Glob(filepath.Join(folder, "p", "current", "items", ".*"))
	must(t, err)
	if len(found) != len(names) || len(hidden) > 1 { // .md, of the empty key, at most
		t.Errorf("the pages are %q, %q", found, hidden)
	}
}

func TestPagesSayWhatIsWrongWithTheirConfig(t *testing.T) {
	_, err := process.NewHost(process.Options{}).OpenExecutor(t.Context(), pages(t), process.Opening{Pipeline: "p", Generation: 1})
	var fault *runtime.GuestError
	if !errors.As(err, &fault) || !strings.Contains(err.Error(), "needs `folder:`") {
		t.Errorf("the error is %v", err)
	}
}

// TestStock: the projection, in Go, folds in its process.
func TestStock(t *testing.T) {
	p, err := process.NewHost(process.Options{}).Load(t.Context(), process.Command{Path: conformance.BuildProcess(t, "stock")})
	must(t, err)
	m := p.Manifest()
	if diff := cmp.Diff([]string{"stock_received", "stock_shipped"}, m.Events); diff != "" || m.Key != "item" {
		t.Errorf("the manifest is %+v", m)
	}
	i, err := p.Instantiate(t.Context())
	must(t, err)
	defer func() { must(t, i.Close(context.Background())) }()

	apples, prior := framejson.Text("apples"), framejson.Text(`{"pieces":10,"changes":1}`)
	moved := func(at uint64, kind, pieces string) framejson.Event {
		return framejson.Event{Position: at, Version: at, Type: kind, AggregateType: "item", Slots: []framejson.Slot{{Kind: "i64", Value: framejson.Text(pieces)}}}
	}
	batch, err := framejson.Batch{Types: m.Events, SlotsPerEvent: 1, Groups: []framejson.Group{
		{Key: &apples, State: &prior, Events: []framejson.Event{moved(2, "stock_shipped", "3"), moved(3, "stock_received", "5")}},
	}}.Frame()
	must(t, err)
	out, err := i.Fold(t.Context(), batch)
	must(t, err)
	in, err := frame.OpenBatch(batch)
	must(t, err)
	r, err := frame.OpenResult(out, in)
	must(t, err)
	got := framejson.OfResult(r)
	if len(got.Groups) != 1 || got.Groups[0].State == nil || string(*got.Groups[0].State) != `{"pieces":12,"changes":3}` {
		t.Errorf("the state is not that of 10 apples, less 3, and 5 more: %+v", got.Groups)
	}
	if last := len(got.Effects) - 1; last != 1 || string(got.Effects[last].Body) != `{"item":"apples","pieces":12,"changes":3}` {
		t.Errorf("the rows are not two, of which the second has 12 apples: %+v", got.Effects)
	}
}
