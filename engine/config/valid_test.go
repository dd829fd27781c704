package config

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(makeSchema(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("refold.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("refold.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plain is YAML as an editor's validator has it.
func plain(t *testing.T, n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return plain(t, n.Content[0])
	case yaml.AliasNode:
		return plain(t, n.Alias)
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, plain(t, item))
		}
		return list
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plain(t, n.Content[i+1])
		}
		return m
	}
	if n.ShortTag() == "!!timestamp" {
		return n.Value
	}
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func parsed(t *testing.T, text []byte) any {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return plain(t, &doc)
}

// The schema takes what Load takes: each golden file without mistakes.
func TestSchemaTakesWhatLoads(t *testing.T) {
	s := compile(t)
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for _, path := range cases {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want.json" }) {
			continue
		}
		for _, f := range archive.Files {
			if !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(f.Name)) || strings.HasSuffix(f.Name, CasesSuffix) {
				continue
			}
			taken++
			if err := s.Validate(parsed(t, f.Data)); err != nil {
				t.Errorf("%s, %s: %v", path, f.Name, err)
			}
		}
	}
	if taken < 10 {
		t.Errorf("%d files are looked at", taken)
	}
}

var schemaLine = regexp.MustCompile(`^# yaml-language-server: \$schema=(\S+)\n`)

// Each configuration that is shipped names the schema, for the editor, and obeys it.
func TestShippedConfigurations(t *testing.T) {
	s := compile(t)
	looked := 0
	for _, root := range []string{"../../configs", "../../examples"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && d.Name() == "node_modules" {
				return fs.SkipDir
			}
			if !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)) || strings.HasSuffix(path, CasesSuffix) {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			looked++
			m := schemaLine.FindSubmatch(text)
			if m == nil {
				t.Errorf("%s does not begin with the schema's name", path)
			} else if named := filepath.Join(filepath.Dir(path), string(m[1])); named != filepath.Clean(schemaFile) {
				t.Errorf("%s names the schema %s", path, named)
			}
			if err := s.Validate(parsed(t, text)); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 7 {
		t.Errorf("%d files are looked at", looked)
	}
}

// The schema refuses what an editor should underline.
func TestSchemaRefuses(t *testing.T) {
	s := compile(t)
	const table = "{name: t, columns: {id: text}, primary_key: [id]}"
	pipeline := func(p string) string { return "pipelines: [{name: a, projection: {wasm: m.wasm}, " + p + "}]" }
	good := []string{
		pipeline("executors: [{sqlite: {path: a.db, tables: [" + table + "]}}, {log: }]"),
		pipeline("generations: {keep: '${KEEP:-3}', for: 72h}"),
		"store: {sync: '${SYNC}'}",
	}
	for _, text := range good {
		if err := s.Validate(parsed(t, []byte(text))); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		"pipeline: []",
		"pipelines: {}",
		"pipelines: [{projection: {wasm: m.wasm}}]",
		"pipelines: [{name: a}]",
		"pipelines: [{name: A b, projection: {wasm: m.wasm}}]",
		"pipelines: [{name: a, projection: {}}]",
		"pipelines: [{name: a, projection: {wasm: m.wasm, process: {command: [x]}}}]",
		"pipelines: [{name: a, projection: {wasm: m.wasm, sha256: abc}}]",
		"pipelines: [{name: a, projection: {wasm: m.wasm, workers: 65}}]",
		"pipelines: [{name: a, projection: {wasm: m.wasm, workers: many}}]",
		"pipelines: [{name: a, projection: {process: {command: []}}}]",
		pipeline("on_error: stop"),
		pipeline("on_change: yes"),
		pipeline("generations: {keep: 3.5}"),
		pipeline("generations: {for: 3 days}"),
		pipeline("executors: [{}]"),
		pipeline("executors: [{log: {}, null: {}}]"),
		pipeline("executors: [{log: {level: info}}]"),
		pipeline("executors: [{log: {}, retry: {attempts: 0}}]"),
		pipeline("executors: [{log: {}, replay: maybe}]"),
		pipeline("executors: [{sqlite: {tables: [" + table + "]}}]"),
		pipeline("executors: [{sqlite: {path: a.db, tables: [{name: t, columns: {id: varchar}, primary_key: [id]}]}}]"),
		pipeline("executors: [{sqlite: {path: a.db, tables: [{name: t, columns: {id: text}}]}}]"),
		pipeline("executors: [{postgres: {url: a, url_env: A, tables: [" + table + "]}}]"),
		pipeline("executors: [{filter: {kinds: [upsert], executor: {log: {}}}}]"),
		pipeline("executors: [{filter: {level: warn}}]"),
		pipeline("executors: [{file: {folder: a, max_size: 64MB}}]"),
		pipeline("executors: [{http: {url: a, batch: 0}}]"),
		pipeline("executors: [{http: {url: {env: A, fil: b}}}]"),
		pipeline("executors: [{nats: {events: {}, publish: {subject: a}}}]"),
		pipeline("executors: [{wasm: {module: m.wasm, capabilities: {files: [a]}}}]"),
		"store: {sync: sometimes}",
		"store: {replicas: 9}",
		"store: {urls: [a]}",
		"replay: {jobs: 0}",
		"control: {http: {}}",
		"catalog: [{version: 2}]",
		"catalog: [{type: a, fields: {x: text}}]",
		"catalog: [{type: a, version: 2, upcasters: [{from: 1, steps: [{rename: {field: x, to: y}, drop: {field: z}}]}]}]",
		"include: a.yaml",
	} {
		if err := s.Validate(parsed(t, []byte(text))); err == nil {
			t.Errorf("the schema takes %s", text)
		}
	}
}
