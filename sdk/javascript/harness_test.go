package javascript_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/manifest"
)

// host is what all tests share, and its cache: the guest is compiled once.
var host *wasm.Host

// logged is what projections have logged.
var logged strings.Builder

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx := context.Background()
	cache, err := conformance.ModulesFolder()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	handler := slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})
	if host, err = wasm.NewHost(ctx, wasm.Options{Logger: slog.New(handler), CacheDir: cache}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer host.Close(ctx)
	return m.Run()
}

// tryLoad loads a script as the file p.js.
func tryLoad(t testing.TB, script string, limits wasm.Limits) (*wasm.Module, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p.js")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	return host.Load(context.Background(), path, limits)
}

// occurrence is an event to fold: of the aggregate "<category>-<number>", or of the
// one that a stream elsewhere is.
type occurrence struct {
	Type, Category string
	Number         byte
	Stream         string
	Data           string
}

// projection is a script, loaded, with what it has made of the events so far.
type projection struct {
	t        testing.TB
	module   *wasm.Module
	instance *wasm.Instance
	states   map[string]string
	effects  []string
	position uint64
	versions map[event.Aggregate]uint64
}

func load(t testing.TB, script string) *projection { return loadWithin(t, script, wasm.Limits{}) }

func loadWithin(t testing.TB, script string, limits wasm.Limits) *projection {
	t.Helper()
	module, err := tryLoad(t, script, limits)
	if err != nil {
		t.Fatal(err)
	}
	p := &projection{t: t, module: module}
	p.anew()
	return p
}

// anew takes the projection back to before the first event.
func (p *projection) anew() {
	p.t.Helper()
	p.states, p.versions, p.effects, p.position = map[string]string{}, map[event.Aggregate]uint64{}, nil, 0
	p.restart()
}

// restart gives the projection a fresh instance.
func (p *projection) restart() {
	p.t.Helper()
	instance, err := p.module.Instantiate(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { instance.Close(context.Background()) })
	p.instance = instance
}

// fold folds events as one batch. A rejection is an error.
func (p *projection) fold(events ...occurrence) error {
	p.t.Helper()
	return p.foldBatch(p.batch(events))
}

func (p *projection) mustBatch(b framejson.Batch) {
	p.t.Helper()
	if err := p.foldBatch(b); err != nil {
		p.t.Fatal(err)
	}
}

func (p *projection) foldBatch(b framejson.Batch) error {
	p.t.Helper()
	text, err := b.Frame()
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := p.instance.Fold(context.Background(), text)
	if err != nil {
		return err
	}
	batch, err := frame.OpenBatch(text)
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := frame.OpenResult(out, batch)
	if err != nil {
		p.t.Fatal(err)
	}
	if event, reason, ok := r.Rejected(); ok {
		return fmt.Errorf("event %d is rejected: %s", event, reason)
	}
	p.take(batch, r)
	return nil
}

func (p *projection) take(batch frame.Batch, r frame.Result) {
	for g := range r.Groups() {
		key := string(batch.Group(g.Group).Key())
		if delete(p.states, key); g.Disposition == frame.Set {
			p.states[key] = string(g.State)
		}
	}
	for e := range r.Effects() {
		p.effects = append(p.effects, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", e.Kind, e.Name, e.Key, e.Body)))
	}
}

// batch frames events, with slots of strings and integers.
func (p *projection) batch(events []occurrence) framejson.Batch {
	self := p.module.Manifest()
	b := framejson.Batch{Types: self.Events, SlotsPerEvent: len(self.Fields)}
	groups := map[string]int{}
	for _, o := range events {
		e := p.event(o)
		key := keyOf(self, o, e)
		if _, known := groups[key]; !known {
			groups[key] = len(b.Groups)
			b.Groups = append(b.Groups, p.group(self, key))
		}
		g := &b.Groups[groups[key]]
		for _, f := range self.Fields {
			e.Slots = append(e.Slots, slotOf(f, o))
		}
		g.Events = append(g.Events, e)
	}
	return b
}

func (p *projection) event(o occurrence) framejson.Event {
	if o.Category == "" {
		o.Category = "thing"
	}
	if o.Data == "" {
		o.Data = "{}"
	}
	p.position++
	about, metadata := aggregateOf(p.t, o)
	p.versions[about]++
	return framejson.Event{Position: p.position, Version: p.versions[about], Type: o.Type, AggregateType: about.Type,
		AggregateID: about.ID, ID: uuid.UUID{14: 1, 15: byte(p.position)}, Time: 1_700_000_000_123_456_789,
		SchemaVersion: 1, Data: framejson.Text(o.Data), Metadata: metadata}
}

func aggregateOf(t testing.TB, o occurrence) (event.Aggregate, *framejson.Text) {
	if o.Stream == "" {
		return event.Aggregate{Type: o.Category, ID: uuid.UUID{15: o.Number}}, nil
	}
	stream, err := event.ParseStream(o.Stream)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := stream.Metadata(nil)
	if err != nil {
		t.Fatal(err)
	}
	if raw == nil {
		return stream.Aggregate, nil
	}
	metadata := framejson.Text(raw)
	return stream.Aggregate, &metadata
}

func (p *projection) group(self manifest.Manifest, key string) (g framejson.Group) {
	if self.State != manifest.Keyed {
		return g
	}
	text := framejson.Text(key)
	g.Key = &text
	if state, ok := p.states[key]; ok {
		prior := framejson.Text(state)
		g.State = &prior
	}
	return g
}

func keyOf(self manifest.Manifest, o occurrence, e framejson.Event) string {
	switch {
	case self.State != manifest.Keyed:
		return ""
	case self.Key == "":
		return e.AggregateID.String()
	}
	return fmt.Sprint(fieldOf(o, self.Key))
}

func fieldOf(o occurrence, name string) any {
	fields := map[string]any{}
	if o.Data != "" {
		if err := json.Unmarshal([]byte(o.Data), &fields); err != nil {
			panic(err)
		}
	}
	return fields[name]
}

func slotOf(f manifest.Field, o occurrence) framejson.Slot {
	switch v := fieldOf(o, f.Path).(type) {
	case string:
		return framejson.Slot{Kind: "string", Value: framejson.Text(v)}
	case float64:
		return framejson.Slot{Kind: "i64", Value: fmt.Appendf(nil, "%.0f", v)}
	}
	return framejson.Slot{Kind: "null"}
}

func (p *projection) query(text string) string {
	p.t.Helper()
	answer, err := p.instance.Query(context.Background(), []byte(text))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(answer)
}

// must folds events that fold.
func (p *projection) must(events ...occurrence) *projection {
	p.t.Helper()
	if err := p.fold(events...); err != nil {
		p.t.Fatal(err)
	}
	return p
}

func sortedKeys(states map[string]string) []string { return slices.Sorted(maps.Keys(states)) }
