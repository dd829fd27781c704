package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/refold-dev/refold/engine/config"
)

// loadText loads a configuration from a folder with two modules.
func loadText(t *testing.T, dir, text string) *config.Config {
	t.Helper()
	path := filepath.Join(dir, "refold.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.LoadWith(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Two declarations are the same wherever they stand, and differ by any value of theirs, a
// password too, which nothing prints.
func TestSame(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "m.wasm"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	of := func(text string) config.Pipeline {
		return loadText(t, dir, "pipelines:\n- "+text).Pipelines[0]
	}
	const executor = "executors: [{postgres: {url: 'postgres://u:one@h/d', tables: [{name: t, columns: {id: text, n: integer}, primary_key: [id]}]}}]"
	one := of("{name: a, projection: {wasm: m.wasm}, " + executor + "}")
	if other := of("{ projection: {wasm: ./m.wasm},\n   name: a,\n   " + executor + "}"); !config.Same(one, other) {
		t.Error("the same in another place differs")
	}
	for _, text := range []string{
		"{name: a, projection: {wasm: m.wasm}, generations: {keep: 1}, " + executor + "}",
		"{name: a, projection: {wasm: m.wasm}, source: {events: [e]}, " + executor + "}",
		"{name: a, projection: {wasm: m.wasm}, executors: [{postgres: {url: 'postgres://u:two@h/d', tables: [{name: t, columns: {id: text, n: integer}, primary_key: [id]}]}}]}",
		"{name: a, projection: {wasm: m.wasm}, executors: [{postgres: {url: 'postgres://u:one@h/d', tables: [{name: t, columns: {n: integer, id: text}, primary_key: [id]}]}}]}",
		"{name: a, projection: {wasm: m.wasm}}",
	} {
		if config.Same(one, of(text)) {
			t.Errorf("%s is the same", text)
		}
	}
}

// A configuration says which of its keys only a start takes, and which files it depends on.
func TestNeedRestart(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"m.wasm", "x.wasm", "key"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const pipelines = "pipelines: [{name: a, projection: {wasm: m.wasm}, executors: [{wasm: {module: x.wasm, capabilities: {secrets: {key: {file: key}}}}}]}]\n"
	before := loadText(t, dir, pipelines)
	for text, want := range map[string][]string{
		"reload: {watch: true}\npipelines: [{name: b, projection: {wasm: m.wasm}}]": nil,
		pipelines + "replay: {jobs: 2}\nstore: {prefix: other}":                     {"store", "replay"},
		pipelines + "catalog: [{type: happened, fields: {a: string}}]":              {"catalog"},
	} {
		if keys := before.NeedRestart(loadText(t, dir, text)); !slices.Equal(keys, want) {
			t.Errorf("%s needs a restart because of %v, want %v", text, keys, want)
		}
	}
	p := &before.Pipelines[0]
	var names []string
	for _, path := range p.Files() {
		names = append(names, filepath.Base(path))
	}
	if want := []string{"m.wasm", "x.wasm", "key"}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
	digests := []string{p.FilesDigest()}
	for _, change := range []func() error{
		func() error { return os.WriteFile(filepath.Join(dir, "key"), []byte("another"), 0o600) },
		func() error { return os.WriteFile(filepath.Join(dir, "x.wasm"), []byte("another"), 0o600) },
		func() error { return os.Remove(filepath.Join(dir, "x.wasm")) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if d := p.FilesDigest(); slices.Contains(digests, d) {
			t.Error("another content has the same digest")
		} else {
			digests = append(digests, d)
		}
	}
}
