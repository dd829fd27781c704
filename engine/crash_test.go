package engine_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/memory"
)

// picture is a directory's files at one moment, between two batches.
type picture map[string][]byte

func takePicture(t testing.TB, dir string) picture {
	t.Helper()
	p := picture{}
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) == ".db-shm" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		p[name], err = os.ReadFile(path)
		return err
	}))
	return p
}

// develop writes the files into a directory.
func (p picture) develop(t testing.TB, dir string) {
	t.Helper()
	for name, content := range p {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, content, 0o600))
	}
}

func isState(name string) bool { return filepath.Base(name) == "state.db" }
func isSink(name string) bool  { return !isState(name) }

// distinct are the pictures that differ in the files that want selects.
func distinct(pictures []picture, want func(name string) bool) []picture {
	var list []picture
	for _, p := range pictures {
		part := picture{}
		for name, content := range p {
			if want(name) {
				part[name] = content
			}
		}
		if !slices.ContainsFunc(list, func(other picture) bool { return maps.EqualFunc(part, other, bytes.Equal) }) {
			list = append(list, part)
		}
	}
	return list
}

// A crash may leave the state of any moment beside the sink of any other: the
// state is older where the checkpoint was yet to come, the sink is older where
// it was restored or deleted. From every pair the engine comes to the same rows
// and the same state.
func TestAnyStateBesideAnySink(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	all := history(240)
	for _, spec := range []config.Pipeline{lines(), moody(), filtered(lines())} {
		t.Run(spec.Name, func(t *testing.T) {
			log := newLog(t, nil)
			r := newRig(t, log, spec)
			r.opts.BatchSize, r.opts.Ahead, r.opts.CheckpointEvery = 50, 1, time.Hour
			pictures := []picture{{}}
			shoot := func() { pictures = append(pictures, takePicture(t, r.dir)) }
			r.opts.Observer.Folded = func(string, uint64, event.Position, int, int) { shoot() }
			r.opts.Observer.Checkpointed = func(engine.Checkpoint) { shoot() }
			r.open()
			shoot()
			for part := range slices.Chunk(all, 80) { // three checkpoints, six batches
				appendTo(t, log, part)
				r.catchUp()
			}
			table := spec.Executors[0].Innermost().SQLite.Tables[0].Name
			state, rows := r.state(spec.Name), rowsOf(t, r.dir, table)
			r.close()
			states, sinks := distinct(pictures, isState), distinct(pictures, isSink)
			if len(states) != 5 || len(sinks) != 8 {
				t.Fatalf("%d states and %d sinks, want those before, at the opening, and after each checkpoint and each batch", len(states), len(sinks))
			}
			for i, before := range states {
				for j, sink := range sinks {
					t.Run(fmt.Sprintf("state %d, sink %d", i, j), func(t *testing.T) {
						r := newRig(t, r.log, spec)
						before.develop(t, r.dir)
						sink.develop(t, r.dir)
						r.opts.BatchSize = 70
						r.seen.strange = true
						r.open()
						r.catchUp()
						if got := r.state(spec.Name); got != state {
							t.Errorf("state %s, want %s", got, state)
						}
						r.wantRows(table, rows)
					})
				}
			}
		})
	}
}

// envChild is, for the child process of a test, the directory of its engine.
const envChild = "REFOLD_ENGINE_TEST_CHILD"

// The child runs these, over a log in memory that its parent can make as well.
func childPipelines() []config.Pipeline {
	return []config.Pipeline{lines(), filtered(moody()), commits()}
}

var childGuests = []string{"lines_by_dir", "moody", "commits_by_author", "asker"}

const childEvents = 3000

// childMain folds in small batches, checkpoints seldom, and prints a line for
// each batch, until it is killed.
func childMain(dir string) error {
	if os.Getenv(envAsks) != "" {
		return childAsks(dir)
	}
	if os.Getenv(envSwaps) != "" {
		return childSwaps(dir)
	}
	ctx := context.Background()
	log := memory.New()
	if err := importInto(ctx, log, history(childEvents)); err != nil {
		return err
	}
	e, err := engine.Open(ctx, engine.Options{
		Log: log, Dir: filepath.Join(dir, "pipelines"), OpenPlugin: openPlugin, OpenExecutor: openExecutor(dir),
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, BatchSize: 7, CheckpointEvery: 20 * time.Millisecond,
		Observer: engine.Observer{Folded: func(pipeline string, _ uint64, through event.Position, _, _ int) {
			fmt.Println(pipeline, through)
		}},
	}, childPipelines())
	if err != nil {
		return err
	}
	e.Run(ctx)
	return nil
}

// kill -9, again and again, at moments that nobody chose; then the read models
// are those of an engine that was never killed.
func TestKilledWhileFolding(t *testing.T) {
	if testing.Short() {
		t.Skip("short: kills processes, of which the race detector learns nothing")
	}
	all := history(childEvents)
	r := newRig(t, newLog(t, all), childPipelines()...)
	for round := range 4 {
		killAfter(t, r.dir, 30+23*round)
	}
	r.seen.strange = true
	r.open()
	for _, p := range childPipelines() {
		if s := r.status(p.Name); s.Position == 0 || s.Position == childEvents {
			t.Logf("%s was killed at position %d: before its first checkpoint, or at the end", p.Name, s.Position)
		}
	}
	r.catchUp()
	r.wantLines(all)
	r.wantState("commits", wantCommits(all))

	undisturbed := newRig(t, r.log, moody())
	undisturbed.open()
	undisturbed.catchUp()
	r.wantRows("passed", rowsOf(t, undisturbed.dir, "passed"))
	if got, want := r.state("moody"), undisturbed.state("moody"); got != want {
		t.Errorf("state of moody %s, want %s", got, want)
	}
}

// killAfter runs a child until it has said n times that it has folded.
func killAfter(t *testing.T, dir string, n int, env ...string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(append(os.Environ(), envChild+"="+dir, envGuests+"="+modules.dir), env...)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	for said := bufio.NewScanner(out); said.Scan(); {
		if n--; n == 0 {
			must(t, child.Process.Kill())
		}
	}
	if err := child.Wait(); err == nil || n > 0 {
		t.Fatalf("the child ended by itself: %v", err)
	}
}
