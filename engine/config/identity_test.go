package config_test

import (
	"encoding/json"
	"testing"

	"github.com/refold-dev/refold/engine/config"
)

// A read model does not depend on where its plugins lie, which variables they get,
// or what they are pinned to; it depends on what they are given.
func TestIdentified(t *testing.T) {
	parse := func(projection, executor string) string {
		text := "pipelines: [{name: a, projection: {process: " + projection + "}, executors: [{filter: {level: warn, executor: {process: " + executor + "}}}]}]"
		c, errs := config.Parse("/etc/refold/in.yaml", []byte(text), nil)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		before, _ := json.Marshal(c)
		identity, err := json.Marshal(c.Pipelines[0].Identified("sha256:1"))
		if err != nil {
			t.Fatal(err)
		}
		if after, _ := json.Marshal(c); string(after) != string(before) {
			t.Errorf("the declaration has become %s", after)
		}
		return string(identity)
	}
	want := parse("{command: [p, -x]}", "{command: [e], config: {a: 1}}")
	digest := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, same := range [][2]string{
		{"{command: [/elsewhere/p, -x]}", "{command: [/elsewhere/e], config: {a: 1}}"},
		{"{command: [p, -x], env: [A], timeout: 1s, sha256: " + digest + "}", "{command: [e], config: {a: 1}, env: [A], timeout: 1s, sha256: " + digest + "}"},
	} {
		if got := parse(same[0], same[1]); got != want {
			t.Errorf("the identity is %s, want %s", got, want)
		}
	}
	for _, other := range [][2]string{
		{"{command: [p, -y]}", "{command: [e], config: {a: 1}}"},
		{"{command: [p, -x]}", "{command: [e], config: {a: 2}}"},
		{"{command: [p, -x]}", "{command: [f], config: {a: 1}}"},
		{"{command: [p, -x]}", "{command: [e, -x], config: {a: 1}}"},
	} {
		if got := parse(other[0], other[1]); got == want {
			t.Errorf("the identity with %v is the same", other)
		}
	}
}

// What becomes of the read model before, and which ones are kept, makes no other one.
func TestGenerationsMakeNoOtherReadModel(t *testing.T) {
	two, err := json.Marshal(config.Pipeline{Name: "a", OnChange: "refuse", Generations: config.Generations{Keep: new(3), For: 1}}.Identified("sha256:1"))
	if err != nil {
		t.Fatal(err)
	}
	if one, _ := json.Marshal(config.Pipeline{Name: "a"}.Identified("sha256:1")); string(one) != string(two) {
		t.Errorf("the identities are %s and %s", one, two)
	}
}

// An older declaration reaches its schema as the present one does, also behind a filter.
func TestReachAs(t *testing.T) {
	old := config.Pipeline{Executors: []config.Executor{
		{Filter: &config.Filter{Executor: &config.Executor{Postgres: &config.Postgres{URL: "postgres://old", Schema: "a"}}}},
		{Postgres: &config.Postgres{URLEnv: "OLD", Schema: "b"}},
		{Log: &config.Log{}},
	}}
	old.ReachAs(&config.Pipeline{Executors: []config.Executor{{Null: &config.Null{}}, {Postgres: &config.Postgres{URLFile: "now", Schema: "a"}}}})
	if p := old.Executors[0].Innermost().Postgres; p.URL != "" || p.URLFile != "now" || p.Schema != "a" {
		t.Errorf("it is reached by %+v", p)
	}
	if p := old.Executors[1].Postgres; p.URLEnv != "OLD" {
		t.Errorf("another schema is reached by %+v", p)
	}
}

// That queries are answered, and within which bounds, makes no other read model.
func TestQueriesMakeNoOtherReadModel(t *testing.T) {
	identity := func(executor string) string {
		c, errs := config.Parse("/etc/refold/in.yaml", []byte("pipelines: [{name: a, projection: {wasm: m.wasm}, executors: ["+executor+"]}]"), nil)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		text, err := json.Marshal(c.Pipelines[0].Identified("sha256:1"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const tables = "tables: [{name: t, columns: {id: text}, primary_key: [id]}]"
	for _, executor := range []string{"sqlite: {path: a.db, ", "postgres: {url_env: A, "} {
		without := identity("{" + executor + tables + "}}")
		if with := identity("{" + executor + tables + ", queries: {max_rows: 1}}}"); with != without {
			t.Errorf("with queries %s, without %s", with, without)
		}
	}
}
