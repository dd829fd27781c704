package docs_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/language"
	"github.com/refold-dev/refold/sdk/manifest"
	"github.com/refold-dev/refold/sdk/scaffold"
	"github.com/refold-dev/refold/sdk/toolchain"
)

// revenues are the guide's projection in each language: the block's language,
// and the file that it takes the place of in a project.
var revenues = []struct {
	language language.Language
	block    string
	file     string
}{
	{language.Go, "go", "main.go"},
	{language.Rust, "rust", "src/lib.rs"},
	{language.AssemblyScript, "ts", "index.ts"},
	{language.Zig, "zig", "src/main.zig"},
	{language.JavaScript, "js", "revenue.js"},
	{language.C, "c", "revenue.c"},
}

// TestProjectionsOfTheGuide builds each language's version of the projection that
// the guide shows, and holds that all of them do the same.
func TestProjectionsOfTheGuide(t *testing.T) {
	want := manifest.Manifest{
		ABI: 1, Name: "revenue", State: manifest.Keyed, Key: "customer_id", Events: []string{"order_placed"},
		Fields: []manifest.Field{{Path: "total", Type: manifest.I64}},
	}
	key, state := framejson.Text("ada"), framejson.Text(`{"orders":1,"total":1200}`)
	row := framejson.Text(`{"customer":"ada","orders":2,"total":1650}`)
	for _, r := range revenues {
		t.Run(string(r.language), func(t *testing.T) {
			m := loadBlock(t, r.language, r.block, r.file)
			got := m.Manifest()
			got.SDK, got.Version = "", ""
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			result := foldOne(t, m, framejson.Group{Key: &key, State: &state, Events: []framejson.Event{
				{Type: "order_placed", Slots: []framejson.Slot{{Kind: "i64", Value: framejson.Text("450")}}}}})
			if len(result.Effects) != 1 || !bytes.Equal(result.Effects[0].Body, row) || string(*result.Groups[0].State) != `{"orders":2,"total":1650}` {
				t.Errorf("the result is %+v", result)
			}
			result = foldOne(t, m, framejson.Group{Key: &key, Events: []framejson.Event{
				{Type: "order_placed", Slots: []framejson.Slot{{Kind: "null"}}}}})
			if result.Rejected == nil {
				t.Errorf("an order without a total gives %+v", result)
			}
		})
	}
}

// loadBlock builds a project whose source is the guide's, and loads the module.
func loadBlock(t *testing.T, lang language.Language, block, file string) *wasm.Module {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "revenue")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	npm := filepath.Join(cache, "refold-tools", "node_modules", ".bin") // by tools.sh
	t.Setenv("PATH", npm+string(os.PathListSeparator)+os.Getenv("PATH"))
	if _, err := scaffold.New(dir, lang); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(blocks(t, writing, block)[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, said := context.Background(), &bytes.Buffer{}
	built, err := toolchain.Build(ctx, toolchain.Options{Dir: dir, Output: said})
	var missing *toolchain.MissingError
	if errors.As(err, &missing) && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: %v", err)
	}
	if err != nil || said.Len() > 0 {
		t.Fatalf("%v, and the compiler says: %s", err, said)
	}
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	m, err := host.Load(ctx, built.Path, wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// foldOne folds a batch of one group.
func foldOne(t *testing.T, m *wasm.Module, g framejson.Group) framejson.Result {
	t.Helper()
	ctx := context.Background()
	i, err := m.Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = i.Close(ctx) }()
	b := framejson.Batch{Types: []string{"order_placed"}, SlotsPerEvent: 1, Groups: []framejson.Group{g}}
	text, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	out, err := i.Fold(ctx, text)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := frame.OpenBatch(text)
	if err != nil {
		t.Fatal(err)
	}
	result, err := frame.OpenResult(out, batch)
	if err != nil {
		t.Fatal(err)
	}
	return framejson.OfResult(result)
}

// isPipeline reports whether a block of YAML is a configuration, and no file of cases.
func isPipeline(block string) bool { return strings.HasPrefix(block, "pipelines:") }

// TestPipelineOfTheGuide loads the guide's pipeline.
func TestPipelineOfTheGuide(t *testing.T) {
	for _, block := range blocks(t, writing, "yaml") {
		if !isPipeline(block) {
			continue
		}
		dir := t.TempDir()
		for name, text := range map[string]string{"revenue.wasm": "", "in.yaml": block} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := config.Load(filepath.Join(dir, "in.yaml")); err != nil {
			t.Error(err)
		}
	}
}
