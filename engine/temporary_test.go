package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gofrs/flock"

	"github.com/refold-dev/refold/engine"
)

// What a process has left in the folder for temporary files that was killed goes away at
// the next start; what another one holds stays, and so does what is somebody else's.
func TestWhatAKilledProcessLeaves(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	lockOf := map[string]*flock.Flock{}
	for _, name := range []string{"refold-shadow-left", "refold-shadow-held", "refold-shadow-strange", "other"} {
		must(t, os.Mkdir(filepath.Join(tmp, name), 0o700))
		if name != "refold-shadow-strange" {
			lockOf[name] = flock.New(filepath.Join(tmp, name, "lock"))
			must(t, lockOf[name].Lock())
		}
	}
	must(t, lockOf["refold-shadow-left"].Unlock())
	r := newRig(t, newLog(t, history(50)), lines())
	r.open()
	r.catchUp()
	if _, _, err := r.engine.StateAt(t.Context(), "lines", engine.Moment{Position: 20}, nil); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]bool{"refold-shadow-left": false, "refold-shadow-held": true, "refold-shadow-strange": true, "other": true} {
		if _, err := os.Stat(filepath.Join(tmp, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if found, err := filepath.Glob(filepath.Join(tmp, "refold-shadow-*")); err != nil || len(found) != 2 {
		t.Errorf("there are %v, %v", found, err)
	}
	must(t, lockOf["refold-shadow-held"].Unlock())
	must(t, lockOf["other"].Unlock())
}
