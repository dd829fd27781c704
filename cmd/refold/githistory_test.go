package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
	"github.com/refold-dev/refold/engine"
)

const (
	gitHistoryLog      = "../../../shared/data/git-history.jsonl.gz"
	gitHistoryExpected = "../../../shared/data/git-history.expected.json"
)

// lines are git's counts of a directory.
type lines struct {
	Additions int64 `json:"additions"`
	Deletions int64 `json:"deletions"`
	Changes   int64 `json:"changes"`
}

// counts are git's own counts of a history, or what the read models say.
type counts struct {
	Events          int              `json:"events"`
	Commits         int64            `json:"commits"`
	CommitsByAuthor map[string]int64 `json:"commits_by_author"`
	LinesByDir      map[string]lines `json:"lines_by_dir"`
}

// TestGitHistory feeds a real repository's history in three ways, and compares
// every number with what git says.
func TestGitHistory(t *testing.T) {
	watchGuests(t)
	log, want := gitHistory(t)
	t.Run("import, then run once", func(t *testing.T) {
		d := newDirectory(t)
		d.Run("event", "import", gitHistoryLog)
		d.Run("run", "-c", d.Config, "--once")
		d.check(want)
	})
	t.Run("live", func(t *testing.T) {
		d := newDirectory(t)
		e := d.Start()
		e.WaitUntilItRuns()
		for _, chunk := range chunks(log, 7) {
			d.Import(chunk)
		}
		d.WaitFor(want.Events, 2)
		d.check(want)
		e.Terminate()
		d.check(want)
	})
	t.Run("killed", func(t *testing.T) { testKilled(t, log, want) })
}

// testKilled kills the engine at random moments, while it starts, catches up
// and is live, and imports between and beside.
func testKilled(t *testing.T, log []byte, want counts) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	d := newDirectory(t)
	for i, chunk := range chunks(log, 6) {
		e := d.Start()
		if i%2 == 0 { // the engine catches up with it
			killSoon(e, random)
			d.Import(chunk)
			continue
		}
		e.WaitUntilItRuns()
		importing := d.Importing(chunk)
		if err := importing.Start(); err != nil {
			t.Fatal(err)
		}
		killSoon(e, random)
		_ = importing.Process.Kill() // its log has gone with the engine, unless it is done
		_ = importing.Wait()
		d.Import(chunk)
	}
	for range 3 {
		killSoon(d.Start(), random)
	}
	e := d.Start()
	e.WaitUntilItRuns()
	d.WaitFor(want.Events, 2)
	d.check(want)
	e.Terminate()
	d.check(want)
}

// killSoon kills an engine while it starts or, in half of the cases, after: while
// it catches up or is live.
func killSoon(e *enginetest.Engine, random *rand.Rand) {
	if random.IntN(2) == 0 {
		e.WaitUntilItRuns()
	}
	e.KillAfter(time.Duration(random.Int64N(int64(300 * time.Millisecond))))
}

// gitHistory returns the log as text and git's counts of it.
func gitHistory(t *testing.T) ([]byte, counts) {
	t.Helper()
	expected, err := os.ReadFile(gitHistoryExpected)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the history and git's counts of it are not part of the repository: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var want counts
	if err := json.Unmarshal(expected, &want); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(gitHistoryLog)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	log, err := io.ReadAll(zipped)
	if err != nil {
		t.Fatal(err)
	}
	return log, want
}

// chunks cuts a text into n parts of whole lines.
func chunks(text []byte, n int) [][]byte {
	var parts [][]byte
	for all := bytes.SplitAfter(text, []byte("\n")); n > 0; n-- {
		size := (len(all) + n - 1) / n
		parts = append(parts, bytes.Join(all[:size], nil))
		all = all[size:]
	}
	return parts
}

// check compares log, states, rows and coverage with git's counts.
func (d *directory) check(want counts) {
	d.Helper()
	var got counts
	got.Events = bytes.Count(d.Run("event", "export"), []byte("\n"))
	if err := json.Unmarshal(d.Run("state", "commits_by_author", "--json"), &got.CommitsByAuthor); err != nil {
		d.Fatal(err)
	}
	for _, n := range got.CommitsByAuthor {
		got.Commits += n
	}
	if err := json.Unmarshal(d.Run("state", "lines_by_dir", "--json"), &got.LinesByDir); err != nil {
		d.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.Errorf("the states differ from git's counts (-git +state):\n%s", diff)
	}
	d.checkRows(want)
	d.checkCoverage(want)
}

func (d *directory) checkRows(want counts) {
	d.Helper()
	rows, err := readRows(filepath.Join(d.Path, "git-history.db"), "select dir, additions, deletions, changes from lines_by_dir")
	if err != nil {
		d.Fatal(err)
	}
	if len(rows) != len(want.LinesByDir) {
		d.Errorf("the table has %d rows, not %d", len(rows), len(want.LinesByDir))
	}
	for _, row := range rows {
		l, known := want.LinesByDir[row[0]]
		if text := fmt.Sprint(l.Additions, l.Deletions, l.Changes); !known || strings.Join(row[1:], " ") != text {
			d.Errorf("the row is %q; git counts %s", row, text)
		}
	}
}

func (d *directory) checkCoverage(want counts) {
	d.Helper()
	var list []engine.Status
	if err := json.Unmarshal(d.Run("status", "--json"), &list); err != nil {
		d.Fatal(err)
	}
	for _, s := range list {
		if !s.Covered() || int(s.Position) != want.Events {
			d.Errorf("%s: delivered %d and filtered %d of %d, at position %d", s.Pipeline, s.Delivered, s.Filtered, want.Events, s.Position)
		}
	}
}
