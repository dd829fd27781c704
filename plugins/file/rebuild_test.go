package file_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/file"
)

// rebuildFolder names the folder that this binary, run as a child, is to rebuild.
const rebuildFolder = "REFOLD_TEST_REBUILD_FOLDER"

// rebuilt is the position that each generation comes to before it is activated.
const rebuilt = 30

// rebuildForEver builds one generation after the other, and prints the number of each
// that is active.
func rebuildForEver(folder string) error {
	cfg := file.Config{Folder: folder, MaxSize: 3000}
	for g := activeGeneration(folder) + 1; ; g++ {
		e, err := file.Open(context.Background(), cfg, "notes", g)
		if err != nil {
			return err
		}
		for at, _ := e.Position(); at < rebuilt && err == nil; at, _ = e.Position() {
			err = e.Execute(context.Background(), generationOf(notes(at, min(at+9, rebuilt)), g))
		}
		if err == nil {
			err = e.Activate(context.Background())
		}
		if err == nil {
			err = e.Retain(context.Background(), []uint64{g - 1})
		}
		if err != nil {
			return err
		}
		fmt.Println(g)
	}
}

func generationOf(b effect.Batch, g uint64) effect.Batch {
	b.Generation = g
	return b
}

// activeGeneration is 0 where there is none.
func activeGeneration(folder string) (g uint64) {
	to, _ := os.Readlink(filepath.Join(folder, "current"))
	_, _ = fmt.Sscanf(to, "g%d", &g)
	return g
}

// TestKillNineWithinRebuilds: whenever a process is killed that builds and activates
// generations, readers see a whole one, and the next process goes on.
func TestKillNineWithinRebuilds(t *testing.T) {
	cfg := file.Config{Folder: t.TempDir(), MaxSize: 3000}
	execute(t, open(t, cfg, 1), notes(0, rebuilt))
	for range 10 {
		seen := killRebuilding(t, cfg.Folder, 1+rand.IntN(5))
		wantNotes(t, cfg, 1, rebuilt)
		g := activeGeneration(cfg.Folder)
		if g < seen {
			t.Errorf("generation %d was activated, and %d is active", seen, g)
		}
		e := open(t, cfg, g)
		if p, _ := e.Position(); p != event.Position(rebuilt) || !e.Active() {
			t.Errorf("generation %d is at position %d, active: %v", g, p, e.Active())
		}
		entries, err := filepath.Glob(filepath.Join(cfg.Folder, "g*"))
		if err != nil || len(entries) > 3 { // the active one, the one before, and one that is being built
			t.Errorf("the folder has %v, %v", entries, err)
		}
	}
}

// killRebuilding kills a child somewhere behind a number of activations, and returns
// the last generation that it told of.
func killRebuilding(t *testing.T, folder string, activations int) uint64 {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), rebuildFolder+"="+folder)
	return executortest.KillBehind(t, child, activations)
}
