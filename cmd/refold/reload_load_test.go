package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
	"github.com/refold-dev/refold/engine"
)

// loaded is an engine that is reloaded while other processes append to its log.
type loaded struct {
	*enginetest.Directory
	folder string
	events int // that have been appended
}

// appendUntil imports events, by one process after the other, until it is told to stop.
func (l *loaded) appendUntil(stop <-chan struct{}) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			var text bytes.Buffer
			for range 50 {
				l.events++
				fmt.Fprintf(&text, `{"id":"00000001-0000-7000-8000-%012d","aggregate_type":"file","aggregate_id":"00000002-0000-7000-8000-%012d","type":"file_modified","time":"2026-01-01T00:00:00Z","correlation_id":"00000003-0000-7000-8000-000000000001","data":{"dir":"dir%d","additions":%d,"deletions":1}}`+"\n",
					l.events, l.events%7+1, l.events%5, l.events)
			}
			if _, err := enginetest.Output(l.Importing(text.Bytes())); err != nil {
				l.Errorf("importing: %v", err)
				return
			}
		}
	}()
	return done
}

// write writes the configuration of a round: with another module for both pipelines each
// time, of which one is built anew and the other continues, and now and then with a third.
func (l *loaded) write(round int) {
	l.Helper()
	const pipelines = `pipelines:
  - name: rows
    projection: {wasm: rows.wasm}
    executors:
      - retry: {attempts: %[1]d}
        sqlite:
          path: rows.db
          tables: [{name: lines_by_dir, columns: {dir: text, additions: integer, deletions: integer, changes: integer}, primary_key: [dir]}]
  - name: effects
    on_change: continue
    projection: {wasm: effects.wasm}
    executors: [{file: {folder: effects}}]
  - name: untouched
    projection: {wasm: %[2]s/commits_by_author.wasm}
`
	text := fmt.Sprintf(pipelines, 3+round, os.Getenv(guestsEnv))
	if round%2 == 1 {
		text += fmt.Sprintf("  - name: sometimes\n    projection: {wasm: %s/lines_by_dir.wasm}\n    executors: [{file: {folder: sometimes}}]\n", os.Getenv(guestsEnv))
	}
	module, err := os.ReadFile(filepath.Join(os.Getenv(guestsEnv), "lines_by_dir.wasm"))
	if err != nil {
		l.Fatal(err)
	}
	module = append(module, 0, 3, 1, 'x', byte(round%2)) // a section that says nothing
	for name, content := range map[string][]byte{"rows.wasm": module, "effects.wasm": module, filepath.Base(l.Config): []byte(text)} {
		if err := os.WriteFile(filepath.Join(l.folder, name), content, 0o600); err != nil {
			l.Fatal(err)
		}
	}
}

// refused brings the engine a configuration that it does not take.
func (l *loaded) refused() {
	l.Helper()
	if err := os.WriteFile(l.Config, []byte("pipelines: [{name: rows, projection: {wasm: nowhere.wasm}}]"), 0o600); err != nil {
		l.Fatal(err)
	}
	if _, err := enginetest.Output(l.Command("reload")); err == nil || !strings.Contains(err.Error(), "nowhere.wasm") {
		l.Errorf("a configuration without its module: %v", err)
	}
}

// However often a configuration is taken while events come: nothing is lost, and nothing
// is done twice. Read model and effects are counted.
func TestReloadUnderLoad(t *testing.T) {
	rounds := 5
	if testing.Short() {
		rounds = 3
	}
	folder := t.TempDir()
	l := &loaded{Directory: enginetest.In(t, folder, ""), folder: folder}
	l.write(0)
	e := l.Start()
	e.WaitUntilItRuns()
	stop := make(chan struct{})
	appending := l.appendUntil(stop)
	for round := 1; round <= rounds; round++ {
		l.refused()
		l.write(round)
		var done engine.Reloaded
		if err := json.Unmarshal(l.Run("reload", "--json"), &done); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(done.Changed, []string{"rows", "effects"}) || !slices.Equal(done.Unchanged, []string{"untouched"}) || len(done.Added)+len(done.Retired) != 1 {
			t.Errorf("round %d: %+v", round, done)
		}
	}
	close(stop)
	<-appending
	l.write(2 * rounds) // without the third pipeline
	l.Run("reload")
	l.untilLevel()
	l.checkRows()
	l.checkEffects("effects", l.events)
	e.Terminate()
	t.Logf("%d events, %d reloads, as many that were refused", l.events, rounds+1)
}

// untilLevel waits until all that runs is level with the log and the configuration.
func (l *loaded) untilLevel() {
	l.Helper()
	var list []engine.Status
	level := func(s engine.Status) bool {
		return s.State == engine.Retired || s.State == engine.Live && int(s.Position) == l.events && s.Change == nil && len(s.Jobs) == 0
	}
	for end := time.Now().Add(enginetest.Deadline); ; time.Sleep(50 * time.Millisecond) {
		list = l.Status()
		if !slices.ContainsFunc(list, func(s engine.Status) bool { return !level(s) }) {
			break
		}
		if time.Now().After(end) {
			l.Fatalf("not level at position %d within %s: %+v", l.events, enginetest.Deadline, list)
		}
	}
	for _, s := range list {
		if (s.Pipeline == "effects" || s.Pipeline == "untouched") && s.Generation != 1 || !s.Covered() {
			l.Errorf("status %+v", s)
		}
	}
}

// checkRows compares the table with the sums of all events.
func (l *loaded) checkRows() {
	l.Helper()
	var want [][]string
	for dir := range 5 {
		additions, changes := 0, 0
		for n := 1; n <= l.events; n++ {
			if n%5 == dir {
				additions, changes = additions+n, changes+1
			}
		}
		want = append(want, []string{fmt.Sprintf("dir%d", dir), fmt.Sprint(additions), fmt.Sprint(changes), fmt.Sprint(changes)})
	}
	got, err := readRows(filepath.Join(l.Path, "rows.db"), "SELECT dir, additions, deletions, changes FROM lines_by_dir ORDER BY dir")
	if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
		l.Errorf("rows %v, want %v: %v", got, want, err)
	}
}

// checkEffects counts how often each event's effect has been performed.
func (l *loaded) checkEffects(name string, events int) {
	l.Helper()
	text, err := os.ReadFile(filepath.Join(l.Path, name, "current", "000001.jsonl"))
	if err != nil {
		l.Fatal(err)
	}
	times := map[int]int{}
	for line := range bytes.Lines(text) {
		var f struct{ Position, Generation int }
		if err := json.Unmarshal(line, &f); err != nil || f.Generation != 1 {
			l.Fatalf("line %s: %v", line, err)
		}
		times[f.Position]++
	}
	for n := 1; n <= events; n++ {
		if times[n] != 1 {
			l.Errorf("the effect of event %d has been performed %d times", n, times[n])
		}
	}
	if len(times) != events {
		l.Errorf("%d effects of %d events", len(times), events)
	}
}
