package engine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/memory"
)

// snapshotFiles are those of a pipeline.
func (r *rig) snapshotFiles(pipeline string) []string {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.states(), pipeline, "snapshots", "*"))
	must(r.t, err)
	return files
}

// travelled is a rig whose pipelines have folded a log, with snapshots on the way.
func travelled(t *testing.T, all []event.Event) (*rig, *memory.Store) {
	log := newLog(t, all[:60])
	r := provable(t, log, lines(), moody(), commits())
	r.opts.SnapshotEvery = 30
	r.open()
	r.catchUp()
	r.close() // which waits for a snapshot
	appendTo(t, log, all[60:])
	r.open()
	r.catchUp()
	return r, log
}

// A pipeline says which snapshots there are: also none, and then those of before go.
func TestSnapshotsAreMadeAsDeclared(t *testing.T) {
	all := history(200)
	log := newLog(t, all[:50])
	spec := lines()
	r := newRig(t, log, spec)
	run := func(every int, keep *int, want int) {
		t.Helper()
		r.specs[0].Snapshots = config.Snapshots{Every: every, Keep: keep}
		r.open()
		r.catchUp()
		r.close()
		if files := r.snapshotFiles("lines"); len(files) != want {
			t.Errorf("every %d, at most %v: %d snapshots, want %d", every, keep, len(files), want)
		}
	}
	run(51, nil, 0)
	appendTo(t, log, all[50:100])
	run(100, nil, 1)
	appendTo(t, log, all[100:150])
	run(10, nil, 2)
	appendTo(t, log, all[150:])
	run(10, new(1), 1)
	run(10, new(int), 0)
	r.open()
	r.wantLines(all)
}

// The state at a position is what a fold of the log up to there comes to, whether it is
// folded from a snapshot or, where those are damaged, from the beginning; the live one
// stays as it is.
func TestTheStateAtAPositionIsTheFoldUpToThere(t *testing.T) {
	all := history(200)
	r, log := travelled(t, all)
	check := func(at int) {
		t.Helper()
		for pipeline, want := range map[string]any{"lines": wantLines(all[:at]), "commits": wantCommits(all[:at])} {
			text, found, err := r.engine.StateAt(t.Context(), pipeline, engine.Moment{Position: event.Position(at)}, nil)
			if err != nil || found != event.Position(at) || string(text) != asJSON(want) {
				t.Errorf("%s at %d is %s at %d, %v, want %s", pipeline, at, text, found, err, asJSON(want))
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 9))
	positions := []int{1, 59, 60, 61, 199, 200}
	for range 4 {
		positions = append(positions, 1+random.IntN(200))
	}
	for _, at := range positions {
		check(at)
	}
	for _, pipeline := range []string{"lines", "commits"} {
		files := r.snapshotFiles(pipeline)
		if len(files) == 0 {
			t.Errorf("%s has no snapshots", pipeline)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			must(t, err)
			text[len(text)/2] ^= 1
			must(t, os.WriteFile(file, text, 0o600))
		}
	}
	check(150)
	r.wantLines(all)
	if _, _, err := r.engine.StateAt(t.Context(), "lines", engine.Moment{Position: 201}, nil); !isAhead(err) {
		t.Errorf("behind the log's end: %v", err)
	}
	if text, _, err := r.engine.StateAt(t.Context(), "lines", engine.Moment{Position: 90}, ptr("dir/3")); err != nil || string(text) != asJSON(wantLines(all[:90])["dir/3"]) {
		t.Errorf("the state of a key is %s, %v", text, err)
	}
	r.close()
	kept, err := engine.OpenKept(t.Context(), r.states(), lines(), openPlugin)
	must(t, err)
	text, _, err := kept.StateAt(t.Context(), engine.Options{Log: log, Now: time.Now, Logger: slog.New(slog.DiscardHandler)}, engine.Moment{Position: 77}, nil)
	if err != nil || string(text) != asJSON(wantLines(all[:77])) {
		t.Errorf("without an engine it is %s, %v", text, err)
	}
	must(t, kept.Close(t.Context()))
}

func isAhead(err error) bool {
	var ahead *engine.AheadError
	return errors.As(err, &ahead) && ahead.Head == 200
}

// A snapshot that is damaged, or was tampered with, is passed over, and said.
func TestADamagedSnapshotIsSaid(t *testing.T) {
	r, _ := travelled(t, history(120))
	r.close()
	for _, file := range r.snapshotFiles("lines") {
		text, err := os.ReadFile(file)
		must(t, err)
		text[len(text)/2] ^= 1
		must(t, os.WriteFile(file, text, 0o600))
	}
	var said bytes.Buffer
	r.opts.Logger = slog.New(slog.NewTextHandler(&said, nil))
	r.open()
	_, _, err := r.engine.StateAt(t.Context(), "lines", engine.Moment{Position: 90}, nil)
	must(t, err)
	if !strings.Contains(said.String(), "passed over") || !strings.Contains(said.String(), filepath.Join("lines", "snapshots")) {
		t.Errorf("it says %s", said.String())
	}
}

// A moment is the last event that had happened then, by the events' own times.
func TestTheStateAtATime(t *testing.T) {
	all := history(50)
	r, _ := travelled(t, append(all, history(60)[50:]...))
	for _, c := range []struct {
		at   time.Time
		want int
	}{{all[20].Time, 21}, {all[20].Time.Add(time.Millisecond), 21}, {all[0].Time.Add(-time.Hour), 0}, {all[49].Time.Add(time.Hour), 60}} {
		text, at, err := r.engine.StateAt(t.Context(), "lines", engine.Moment{Time: c.at}, nil)
		if err != nil || at != event.Position(c.want) || !json.Valid(text) {
			t.Errorf("at %s it is position %d, %s, %v, want %d", c.at, at, text, err, c.want)
		}
	}
}

// Snapshots are bounded, and go with their generations.
func TestSnapshotsOfNoGenerationGo(t *testing.T) {
	r, _ := travelled(t, history(120))
	before := r.snapshotFiles("lines")
	if len(before) == 0 {
		t.Fatal("there is no snapshot")
	}
	for range 2 { // the one before is kept for a rollback
		must(t, r.engine.Replay(t.Context(), "lines"))
	}
	r.close()
	r.open()
	for _, file := range r.snapshotFiles("lines") {
		if !strings.HasPrefix(filepath.Base(file), "g2-") && !strings.HasPrefix(filepath.Base(file), "g3-") {
			t.Errorf("there is still %s", file)
		}
	}
}
