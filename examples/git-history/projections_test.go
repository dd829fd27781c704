// Package githistory_test folds logs of commits with the guests of this folder,
// in the real sandbox, and compares them with each other and with a naive fold.
package githistory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/runtime/plugintest"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

type totals struct {
	Additions int64 `json:"additions"`
	Deletions int64 `json:"deletions"`
	Changes   int64 `json:"changes"`
}

// output is all that a guest says about a log.
type output struct {
	States  map[string]string
	Effects []string
	Answer  string
}

func TestGuestsAgree(t *testing.T) {
	log := readLog(t)
	authors, dirs := naive(log)
	for _, name := range []string{"commits_by_author", "lines_by_dir"} {
		t.Run(name, func(t *testing.T) {
			module := load(t, versions[0].build(t, name))
			want := foldAll(t, module, log, 1000)
			if name == "commits_by_author" {
				checkJSON(t, authors, want.Answer)
			} else {
				checkStates(t, dirs, want)
			}
			checkVersion(t, module, log, want)
			for _, v := range versions[1:] {
				t.Run(v.language, func(t *testing.T) { checkVersion(t, load(t, v.build(t, name)), log, want) })
			}
		})
	}
}

// TestCases runs the cases of each projection against all of its versions, as
// refold plugin test does.
func TestCases(t *testing.T) {
	for _, name := range []string{"commits_by_author", "lines_by_dir"} {
		for _, v := range versions {
			t.Run(name+"/"+v.language, func(t *testing.T) { plugintest.Test(t, name+"_test.yaml", v.build(t, name)) })
		}
	}
}

// checkVersion holds that a module makes the same of a log, however it is cut.
func checkVersion(t *testing.T, m *wasm.Module, log []record, want output) {
	t.Helper()
	for _, size := range []int{1, 7, 1000} {
		if diff := cmp.Diff(want, foldAll(t, m, log, size)); diff != "" {
			t.Errorf("in batches of %d:\n%s", size, diff)
		}
	}
	checkSnapshot(t, m, log, want.Answer)
}

// checkSnapshot folds a log in ten parts, and takes a snapshot from one of two
// instances to the other behind each: one that is fresh, or in an older state.
func checkSnapshot(t *testing.T, m *wasm.Module, log []record, want string) {
	t.Helper()
	if m.Manifest().State != manifest.Resident {
		return
	}
	ctx := context.Background()
	now, next := start(t, m), start(t, m)
	out := output{States: map[string]string{}}
	for part := range slices.Chunk(log, len(log)/10+1) {
		out.fold(t, now, m, part, 100)
		taken, err := now.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := next.Restore(ctx, taken); err != nil {
			t.Fatal(err)
		}
		now, next = next, now
	}
	answer, err := now.Query(ctx, nil)
	if string(answer) != want || err != nil {
		t.Errorf("the answer behind snapshots is %s, %v; want %s", answer, err, want)
	}
}

// naive is the fold that needs no engine.
func naive(log []record) (authors map[string]int64, dirs map[string]totals) {
	authors, dirs = map[string]int64{}, map[string]totals{}
	for _, r := range log {
		if r.Type == "commit_recorded" {
			authors[r.payload.Author]++
			continue
		}
		s := dirs[r.payload.Dir]
		dirs[r.payload.Dir] = totals{s.Additions + r.payload.Additions, s.Deletions + r.payload.Deletions, s.Changes + 1}
	}
	return authors, dirs
}

func checkJSON[T any](t *testing.T, want map[string]T, text string) {
	t.Helper()
	var got map[string]T
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func checkStates(t *testing.T, want map[string]totals, got output) {
	t.Helper()
	raw := map[string]json.RawMessage{}
	for key, state := range got.States {
		raw[key] = json.RawMessage(state)
	}
	text, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	checkJSON(t, want, string(text))
}

func load(t testing.TB, path string) *wasm.Module {
	t.Helper()
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	module, err := host.Load(ctx, path, wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s has %d bytes", module.Manifest().SDK, module.Size())
	return module
}

// foldAll folds a log in batches of some size.
func foldAll(t *testing.T, m *wasm.Module, log []record, size int) output {
	t.Helper()
	instance := start(t, m)
	out := output{States: map[string]string{}}
	out.fold(t, instance, m, log, size)
	if m.Manifest().State == manifest.Resident {
		answer, err := instance.Query(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		out.Answer = string(answer)
	}
	return out
}

func start(t testing.TB, m *wasm.Module) *wasm.Instance {
	t.Helper()
	instance, err := m.Instantiate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := instance.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return instance
}

func (o *output) fold(t testing.TB, instance *wasm.Instance, m *wasm.Module, log []record, size int) {
	t.Helper()
	for start := 0; start < len(log); start += size {
		b := batchOf(m, log, start, min(start+size, len(log)), o.States)
		if len(b.Groups) == 0 {
			continue
		}
		text, err := b.Frame()
		if err != nil {
			t.Fatal(err)
		}
		result, err := instance.Fold(context.Background(), text)
		if err != nil {
			t.Fatal(err)
		}
		o.take(t, text, result)
	}
}

// take keeps what a fold made, with effects in the order of their causes.
func (o *output) take(t testing.TB, text, result []byte) {
	t.Helper()
	batch, err := frame.OpenBatch(text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := frame.OpenResult(result, batch)
	if err != nil {
		t.Fatal(err)
	}
	if event, reason, ok := r.Rejected(); ok {
		t.Fatalf("event %d is rejected: %s", event, reason)
	}
	for g := range r.Groups() {
		o.States[string(batch.Group(g.Group).Key())] = string(g.State)
	}
	positions := map[int]uint64{}
	for g := range batch.Groups() {
		for e := range g.Events() {
			positions[e.Index] = e.Position()
		}
	}
	for e := range r.Effects() {
		position := positions[e.Cause]
		for uint64(len(o.Effects)) < position {
			o.Effects = append(o.Effects, "")
		}
		o.Effects[position-1] += fmt.Sprintf("%d %s %s %s;", e.Kind, e.Name, e.Key, e.Body)
	}
}
