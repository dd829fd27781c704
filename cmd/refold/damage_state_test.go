package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/refold-dev/refold/engine"
)

// TestDamagedStates damages files of pipelines' states at random. Each time the
// commands name the file, and do as they say once it is deleted; or what was
// damaged takes nothing away: the states are what they were.
func TestDamagedStates(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	sound := newDirectory(t)
	sound.Run("event", "import", "../../examples/git-history/sample.jsonl")
	sound.Run("run", "-c", sound.Config, "--once")
	pipelines := []string{"lines_by_dir", "commits_by_author"}
	want := map[string]string{}
	for _, p := range pipelines {
		want[p] = must(t, sound.Path, nil, "state", p, "--json")
	}
	random := rand.New(rand.NewPCG(20261124, 2))
	kinds := []string{"another byte", "another byte", "another byte", "zeroes", "a shorter file", "no file"}
	named := 0
	for range rounds {
		dir := filepath.Join(t.TempDir(), "data")
		if err := os.CopyFS(dir, os.DirFS(sound.Path)); err != nil {
			t.Fatal(err)
		}
		pipeline := pipelines[random.IntN(len(pipelines))]
		path := filepath.Join(dir, "pipelines", pipeline, "state.db")
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kind := kinds[random.IntN(len(kinds))]
		damage := damages[kind]
		if damage == nil {
			damage = anotherByte
		}
		if err := damage(random, path, file); err != nil {
			t.Fatal(err)
		}
		what := kind + " of " + pipeline
		if namesDamage(t, what, dir, path, sound.Config) {
			named++
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		must(t, dir, nil, "run", "-c", sound.Config, "--once")
		for _, p := range pipelines {
			if got := must(t, dir, nil, "state", p, "--json"); got != want[p] {
				t.Errorf("%s: the state of %s is another one", what, p)
			}
		}
	}
	t.Logf("of %d damages, %d were named", rounds, named)
	if named < rounds/4 {
		t.Error("too few to mean anything")
	}
}

// anotherByte changes one that says something: most of these files is empty.
func anotherByte(random *rand.Rand, path string, b []byte) error {
	at := random.IntN(len(b))
	for b[at] == 0 {
		at = random.IntN(len(b))
	}
	b[at] ^= byte(1 + random.IntN(255))
	return os.WriteFile(path, b, 0o600)
}

// namesDamage reports whether the commands name a damaged file: all of them, or
// none.
func namesDamage(t *testing.T, what, dir, path, config string) bool {
	t.Helper()
	commands := [][]string{
		{"doctor"}, {"state", filepath.Base(filepath.Dir(path))}, {"run", "-c", config, "--once"},
	}
	var named []string
	for _, args := range commands {
		code, out, said := inProcess(context.Background(), nil, append(args, "--data", dir)...)
		switch {
		case code == 1 && strings.Contains(out+said, path+" is damaged: ") && strings.Contains(out+said, "delete that file"):
			named = append(named, args[0])
		case code != 0 && !strings.Contains(said, engine.ErrNoState.Error()):
			t.Errorf("%s: refold %s: exit code %d\n%s%s", what, args[0], code, out, said)
		}
	}
	if len(named) > 0 && len(named) < len(commands) {
		t.Errorf("%s: it is named by %v only", what, named)
	}
	return len(named) > 0
}
