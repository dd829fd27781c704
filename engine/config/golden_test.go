package config_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/refold-dev/refold/engine/config"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestLoad reads testdata/*.txtar. Each holds in.yaml, or several files of a
// folder, and what Load makes of it: want.json or want.err. A module is any
// file; the place of the folder is written as DIR. The environment is the file env,
// a variable a line.
func TestLoad(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { testGolden(t, path) })
	}
}

func testGolden(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	kept, want, load := archive.Files[:0:0], txtar.File{}, dir
	env := map[string]string{}
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "want.") {
			want = f
			continue
		}
		kept = append(kept, f)
		switch f.Name {
		case "in.yaml":
			load = filepath.Join(dir, f.Name)
		case "env":
			env = variables(string(f.Data))
		}
	}
	if err := txtar.Write(&txtar.Archive{Files: kept}, dir); err != nil {
		t.Fatal(err)
	}
	got := loaded(t, load, dir, env)
	if *update {
		archive.Files = append(kept, got)
		if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want.Name+"\n"+string(want.Data), got.Name+"\n"+string(got.Data)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func variables(text string) map[string]string {
	env := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		env[name] = value
	}
	return env
}

// loaded is what Load says, as a golden file.
func loaded(t *testing.T, path, dir string, env map[string]string) txtar.File {
	t.Helper()
	c, err := config.LoadWith(path, func(name string) (string, bool) { value, set := env[name]; return value, set })
	place := strings.NewReplacer(dir+string(filepath.Separator), "", dir, "DIR")
	if err != nil {
		return txtar.File{Name: "want.err", Data: []byte(place.Replace(err.Error()) + "\n")}
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return txtar.File{Name: "want.json", Data: []byte(place.Replace(string(text)) + "\n")}
}

func TestLoadOfNothing(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "nowhere.yaml"), dir} {
		var e *config.Error
		if _, err := config.Load(path); !errors.As(err, &e) || e.File != path {
			t.Errorf("loading %s: %v", path, err)
		}
	}
}

// A folder's name is a name, not a pattern.
func TestLoadFolderWithPatternCharacters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[a]*?")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	text := "pipelines: [{name: a, projection: {wasm: a.yaml}}]"
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Pipelines[0].Projection.WASM, filepath.Join(dir, "a.yaml"); got != want {
		t.Errorf("the module is %s, want %s", got, want)
	}
}

// TestNoted: a declaration that has been noted as JSON is what it was, so that what
// runs without the YAML runs alike. Left out are passwords, and where in the YAML it
// stands.
func TestNoted(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	elsewhere := cmp.Options{
		cmpopts.IgnoreTypes(config.At{}, config.Pos{}),
		cmpopts.IgnoreUnexported(config.Column{}, config.Key{}, config.Text{}, config.Number{}),
		cmpopts.EquateEmpty(),
		cmp.Transformer("redacted", config.SecretURL.String),
	}
	for _, path := range cases {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			c, mistakes := config.Parse("/etc/in.yaml", f.Data, nil)
			if filepath.Ext(f.Name) != ".yaml" || len(mistakes) > 0 {
				continue
			}
			text, err := json.Marshal(c.Pipelines)
			if err != nil {
				t.Fatal(err)
			}
			var noted []config.Pipeline
			if err := json.Unmarshal(text, &noted); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.Pipelines, noted, elsewhere); diff != "" {
				t.Errorf("%s, %s (-declared +noted):\n%s", path, f.Name, diff)
			}
		}
	}
}

// TestIdentity: what can be changed without building a read model anew, and what
// cannot.
func TestIdentity(t *testing.T) {
	identity := func(executor string) string {
		t.Helper()
		c, mistakes := config.Parse("in.yaml", []byte("pipelines: [{name: p, projection: {wasm: /p.wasm}, executors: ["+executor+"]}]"), nil)
		if len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
		text, err := json.Marshal(c.Pipelines[0].Identified("sha256:p"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, c := range []struct {
		one, other string
		same       bool
	}{
		{"{log: {}}", "{log: {}, replay: execute, retry: {attempts: 9, first: 1s}}", true},
		{"{log: {}}", "{log: {}, on_error: halt}", false},
		{"{log: {}}", "{null: {}}", false},
		{"{http: {url: a}}", "{http: {url: {env: B}, batch: 7, headers: {A: b}}}", true},
		{"{filter: {level: warn, executor: {http: {url: a}}}}", "{filter: {level: warn, executor: {http: {url: b}}}, replay: execute}", true},
		{"{filter: {level: warn, executor: {http: {url: a}}}}", "{filter: {level: info, executor: {http: {url: a}}}}", false},
		{"{file: {folder: a}}", "{file: {folder: a, max_size: 4KiB, keep: 1}}", true},
		{"{file: {folder: a}}", "{file: {folder: b}}", false},
		{"{wasm: {module: a.wasm}}", "{wasm: {module: b.wasm, timeout: 1s, config: {a: b}, capabilities: {http: [c], secrets: {d: {env: E}}}}}", true},
		{"{nats: {events: {}}}", "{nats: {events: {aggregate_type: a}}}", true},
		{"{nats: {publish: {subject: a}}}", "{nats: {publish: {subject: b}, url: c}}", true},
		{"{nats: {kv: {bucket: a}}}", "{nats: {kv: {bucket: b}}}", false},
		{"{nats: {kv: {bucket: a}}}", "{nats: {kv: {bucket: a}, url: nats://b}}", false},
		{"{nats: {kv: {bucket: a}, url: nats://b}}", "{nats: {kv: {bucket: a}, url: nats://b, ca: /c}}", true},
	} {
		if same := identity(c.one) == identity(c.other); same != c.same {
			t.Errorf("%s and %s have one identity: %v", c.one, c.other, same)
		}
	}
	spec := config.Pipeline{Executors: []config.Executor{{NATS: &config.NATS{Events: &config.NATSEvents{}}, Delivery: config.Delivery{Replay: "execute"}}}}
	if _ = spec.Identified(""); spec.Executors[0].NATS.Events == nil || spec.Executors[0].Replay != "execute" {
		t.Errorf("the declaration has become %+v", spec.Executors[0])
	}
}
