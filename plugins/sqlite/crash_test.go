package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/sqlite"
)

// crashPath names the file that this binary, run as a child, is to write.
const crashPath = "REFOLD_TEST_CRASH_PATH"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		fmt.Fprintln(os.Stderr, writeForEver(path, os.Stdout))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForEver executes batches of random size and prints each position that
// Execute has acknowledged.
func writeForEver(path string, acknowledged io.Writer) error {
	e, err := sqlite.Open(context.Background(), ledgerConfig(path), "ledger", 1)
	if err != nil {
		return err
	}
	for {
		after, _ := e.Position()
		through := after + 1 + event.Position(rand.IntN(40))
		var effects []effect.Effect
		for p := after + 1; p <= through; p++ {
			effects = append(effects, effectsOf(p)...)
		}
		if err := e.Execute(context.Background(), batch("ledger", 1, after, through, effects...)); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(acknowledged, through); err != nil {
			return err
		}
	}
}

// effectsOf is a fold of its own: what the event at p does.
func effectsOf(p event.Position) []effect.Effect {
	id := fmt.Sprintf("k%d", p%37)
	padding := strings.Repeat("x", int(p%11)*50)
	effects := []effect.Effect{insert(p, "accounts", fmt.Sprintf(`{"id":%q,"owner":%q,"balance":%d}`, id, padding, p))}
	switch {
	case p%5 == 0:
		effects = append(effects, effect.Effect{Kind: effect.Delete, Cause: p, Ordinal: 1, Name: "accounts", Key: fmt.Sprintf("k%d", p/5%37)})
	case p%3 == 0:
		effects = append(effects, effect.Effect{
			Kind: effect.Update, Cause: p, Ordinal: 1, Name: "accounts", Key: fmt.Sprintf("k%d", p/3%37),
			Body: fmt.Appendf(nil, `{"balance":%d}`, -int64(p)),
		})
	}
	return effects
}

func TestKillNine(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	want := make(model)
	var done event.Position
	for range 10 {
		acknowledged := writeAndKill(t, cfg.Path, 1+rand.IntN(30))
		checkIntegrity(t, cfg.Path)
		found, err := strconv.ParseUint(column(t, cfg.Path, `SELECT position FROM _refold_checkpoints`)[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		position := event.Position(found)
		if position < acknowledged {
			t.Errorf("position %d was acknowledged, the file is at %d", acknowledged, position)
		}
		for p := done + 1; p <= position; p++ {
			for _, f := range effectsOf(p) {
				want.apply(f)
			}
		}
		done = position
		if diff := cmp.Diff(want.rows(t), stored(t, cfg.Path, "accounts")); diff != "" {
			t.Fatalf("rows at position %d:\n%s", position, diff)
		}
	}
}

// writeAndKill lets a child write, kills it right after it has acknowledged a
// number of batches, while it is at the next ones, and returns the last
// position it acknowledged.
func writeAndKill(t *testing.T, path string, batches int) event.Position {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashPath+"="+path)
	var complaint strings.Builder
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var last event.Position
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ {
		p, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			break // the kill cut the line short
		}
		last = event.Position(p)
		if n == batches {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	if complaint.Len() > 0 {
		t.Fatalf("the child ended by itself: %s", &complaint)
	}
	return last
}
