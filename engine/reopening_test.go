package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

// An engine starts beside a database that is away: the pipeline that needs it is faulted,
// the others go on, and when it is back the pipeline goes on by itself.
func TestStartBesideASinkThatIsAway(t *testing.T) {
	all := history(100)
	r := newRig(t, newLog(t, all), lines(), commits())
	var away atomic.Bool
	away.Store(true)
	real := openExecutor(r.dir)
	r.opts.OpenExecutor = func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		if pipeline == "lines" && away.Load() {
			return nil, &effect.RetryError{Err: errors.New("unreachable")}
		}
		return real(ctx, spec, pipeline, generation)
	}
	r.open()
	if err := r.engine.CatchUp(t.Context()); err == nil || !strings.Contains(err.Error(), "unreachable") {
		t.Errorf("catching up: %v", err)
	}
	r.start()
	r.untilLive("commits", 100)
	if s := r.status("lines"); s.State != engine.Faulted && s.State != engine.Loading || s.Position != 0 {
		t.Errorf("beside it: %+v", s)
	}
	away.Store(false)
	r.untilLive("lines", 100)
	r.wantLines(all)
}

// What one pipeline cannot open stops that one alone, at a start and behind a reload: it
// says why, shows where it was, as far as that can be read, and goes on when it is resumed
// behind the mend.
func TestStartBesideWhatIsDamaged(t *testing.T) {
	all := history(100)
	for what, c := range map[string]struct {
		damage func(t *testing.T, r *rig) (path string)
		error  string
		unread bool
	}{
		"its state": {func(t *testing.T, r *rig) string {
			path := filepath.Join(r.states(), "lines", "state.db")
			must(t, os.Truncate(path, 9000))
			return path
		}, "is damaged: it is cut off", true},
		"its state's folder": {func(t *testing.T, r *rig) string {
			path := filepath.Join(r.states(), "lines")
			must(t, os.RemoveAll(path))
			must(t, os.WriteFile(path, nil, 0o600))
			return path
		}, "making the folder of the pipeline's state", true},
		"its read model": {func(t *testing.T, r *rig) string {
			path := filepath.Join(r.dir, "lines_by_dir.db")
			must(t, os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600))
			return path
		}, "the file is not a sound SQLite database", false},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t, newLog(t, all), lines(), commits())
			r.opts.Advise = func(error) string { return "mend it" }
			r.open()
			r.catchUp()
			r.close()
			path := c.damage(t, r)
			r.seen = newWitness()
			r.seen.strange = true
			r.open()
			r.start()
			r.untilLive("commits", 100)
			r.wantStopped(c.error, c.unread)
			if err := r.engine.Resume(t.Context(), "lines"); err == nil || !strings.Contains(err.Error(), c.error) {
				t.Errorf("resumed before the mend: %v", err)
			}
			specs := []config.Pipeline{lines(), commits()}
			specs[0].Executors[0].Retry = config.Retry{Attempts: 7}
			if done, err := r.engine.Reload(t.Context(), specs); err != nil || len(done.Failed) != 1 {
				t.Errorf("reloaded before the mend: %+v, %v", done, err)
			}
			r.wantStopped(c.error, c.unread)
			if c.unread {
				wantRefused(t, r.engine.Replay(t.Context(), "lines"), engine.Faulted, "shut")
				wantRefused(t, r.engine.Pause(t.Context(), "lines", ""), engine.Faulted, "shut")
			}
			must(t, os.Remove(path))
			must(t, r.engine.Resume(t.Context(), "lines"))
			r.untilBuilt("lines", 100)
			r.wantLines(all)
		})
	}
}

// wantStopped checks that the pipeline lines has stopped, and says why and where.
func (r *rig) wantStopped(reason string, unread bool) {
	r.t.Helper()
	s := r.status("lines")
	if s.State != engine.Faulted || !strings.Contains(s.Problem(), reason) || s.Hint != "mend it" || s.Unread != unread || !unread && s.Position != 100 {
		r.t.Errorf("it is %+v", s)
	}
	text, err := json.Marshal(s)
	must(r.t, err)
	if strings.Contains(string(text), `"position":null`) != unread {
		r.t.Errorf("it is %s", text)
	}
	var back engine.Status
	if err := json.Unmarshal(text, &back); err != nil || back.Unread != unread || back.Position != s.Position {
		r.t.Errorf("%s is read as %+v, %v", text, back, err)
	}
}
